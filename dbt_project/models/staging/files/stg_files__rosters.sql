with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, store_id, guide_id, roster_date
            order by
                updated_at desc nulls last,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__rosters') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || store_id || '|' || guide_id || '|' || roster_date as roster_key,
        store_id,
        guide_id,
        brand_code,
        channel_code,

        -- how long
        hours,

        -- dates
        roster_date,
        updated_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
