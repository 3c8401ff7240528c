with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, cost_id
            order by
                updated_at desc nulls last,
                -- without a change time: a bill grows until it is closed
                cost_amount desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__costs') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || cost_id as cost_key,
        cost_id,
        brand_code,
        channel_code,
        campaign_code,
        store_id,

        -- what was spent, in the currency of the row
        cost_type,
        cost_purpose,
        acquisition_method,
        currency_code,
        cost_amount,

        -- dates
        cost_date,
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
