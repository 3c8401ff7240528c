with

brands as (

    select
        brand_code,
        name_en,
        name_zh
    from {{ ref('brands') }}

)

select * from brands
