with

guides as (

    select
        -- ids
        guide_key,
        userid,
        brand_code,
        channel_code,
        account_id,

        -- where they work
        department_key,
        department_name,
        is_active,

        -- timestamps (UTC)
        first_seen_at,
        last_seen_at
    from {{ ref('int_guides_conformed') }}

)

select * from guides
