with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, consult_id
            order by
                updated_at desc nulls last,
                -- without a change time: what is answered was open before
                (answered_at is not null) desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__consults') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || consult_id as consult_key,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        brand_code,
        channel_code,
        store_id,
        guide_id,

        -- what it is about
        topic,

        -- timestamps (UTC)
        asked_at,
        answered_at,
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
