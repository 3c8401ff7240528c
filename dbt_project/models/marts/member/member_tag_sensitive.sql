with

tags as (

    select * from {{ ref('int_member_tags') }}

),

published as (

    select
        brand_code,
        member_id,
        tag_name,
        tag_value,
        tag_group,
        tag_label_en,
        tag_label_zh,
        tag_method,
        tag_source,
        message_id,
        valid_from,
        valid_to,
        is_current
    from tags
    where is_sensitive

)

select * from published
