with

rosters as (

    select
        -- ids
        roster_key,
        brand_code || '|' || store_id as store_key,
        brand_code,
        channel_code,
        store_id as store_code,
        guide_id as guide_code,

        -- how long
        cast(hours as numeric(18, 2)) as duty_hours,

        -- dates
        roster_date
    from {{ ref('stg_files__rosters') }}
    where
        not is_excluded
        and roster_date <= {{ as_of_date() }}

)

select * from rosters
