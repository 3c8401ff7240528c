with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, guide_id
            order by
                updated_at desc nulls last,
                -- without a change time: who has left was there before
                (left_on is not null) desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__guides') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || guide_id as guide_key,
        guide_id,
        brand_code,
        channel_code,
        store_id,

        -- how they are employed
        is_part_time,

        -- dates
        joined_on,
        left_on,
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
