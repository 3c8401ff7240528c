with

children as (

    select * from {{ ref('int_member_children') }}

),

numbered as (

    select
        brand_code,
        member_id,
        cast(
            row_number() over (
                partition by brand_code, member_id
                order by birth_month, number_in_month
            ) as integer
        ) as child_no,
        birth_month,
        cast({{ months_between('birth_month', as_of_date()) }} as integer) as age_months,
        formula_brand,
        {{ as_of_date() }} as as_of_date
    from children
    where recency_rank = 1

)

select * from numbered
