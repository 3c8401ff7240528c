with

observations as (

    select
        *,
        row_number() over (
            partition by channel_code, scan_id
            order by _group_hash desc, _load_id asc, _source_row asc
        ) as observation_rank
    from {{ source('raw', 'files__scans') }}

),

one_each as (

    select
        -- ids
        channel_code || '|' || scan_id as scan_key,
        brand_code,
        channel_code,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        campaign_code,
        event_id,

        -- timestamps (UTC)
        scanned_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _load_id,
        _source_row
    from observations
    where observation_rank = 1

)

select * from one_each
