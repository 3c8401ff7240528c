with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, change_id
            order by
                updated_at desc nulls last,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__points_changes') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || change_id as points_change_key,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        brand_code,
        channel_code,

        -- points
        points_kind,
        points,
        points_after,

        -- timestamps (UTC)
        changed_at,
        expires_at,
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
