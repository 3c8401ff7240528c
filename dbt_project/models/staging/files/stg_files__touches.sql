with

observations as (

    select
        *,
        row_number() over (
            partition by channel_code, touch_id
            order by _group_hash desc, _load_id asc, _source_row asc
        ) as observation_rank
    from {{ source('raw', 'files__touches') }}

),

one_each as (

    select
        -- ids
        channel_code || '|' || touch_id as touch_key,
        touch_id,
        brand_code,
        channel_code,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,

        -- the experiment
        campaign_code,
        campaign_name,
        arm,
        is_holdout,
        planned_share,
        touch_purpose,
        product_stage,

        -- timestamps (UTC)
        touched_at,

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
