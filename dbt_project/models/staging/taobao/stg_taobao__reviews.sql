with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, line_id
            order by
                -- a review does not say when it changed
                _observed_at desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'taobao__reviews') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || line_id as review_key,
        {{ order_key('channel_code', 'order_id') }} as order_key,
        order_id,
        line_id,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        customer_token,

        -- what was said, in the platform's words
        rating,
        is_counted,
        logistics_score,

        -- of what
        item_id,
        product_name,
        'CNY' as currency_code,
        unit_price,

        -- timestamps (UTC)
        reviewed_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
