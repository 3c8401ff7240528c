with

counts as (

    select * from {{ ref('stg_files__footfall') }}
    where
        not is_excluded
        and visit_date <= {{ as_of_date() }}

),

-- hours add up to a day; where the day as a whole was counted too, that is the count
days as (

    select
        brand_code,
        channel_code,
        store_id,
        visit_date,
        coalesce(
            sum(visit_count) filter (where visit_hour is null), sum(visit_count)
        ) as visit_count,
        coalesce(
            sum(tried_count) filter (where visit_hour is null), sum(tried_count)
        ) as tried_count,
        coalesce(
            sum(passer_count) filter (where visit_hour is null), sum(passer_count)
        ) as passer_count
    from counts
    group by brand_code, channel_code, store_id, visit_date

),

footfall as (

    select
        -- ids
        channel_code || '|' || store_id || '|' || visit_date as footfall_key,
        brand_code || '|' || store_id as store_key,
        brand_code,
        channel_code,
        store_id as store_code,

        -- how many
        cast(visit_count as bigint) as visit_count,
        cast(tried_count as bigint) as tried_count,
        cast(passer_count as bigint) as passer_count,

        -- dates
        visit_date
    from days

)

select * from footfall
