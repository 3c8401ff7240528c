with

versions as (

    select
        *,
        -- money goes back with the change to SUCCESS; later changes leave that moment alone
        min(case when refund_status = 'SUCCESS' then updated_at end) over (
            partition by channel_code, refund_id
        ) as succeeded_at,
        row_number() over (
            partition by channel_code, refund_id
            order by
                updated_at desc,
                -- within one second: what ended was under way
                (refund_status = 'SUCCESS') desc nulls last,
                (refund_status = 'CLOSED') desc nulls last,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'taobao__refunds') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || refund_id as refund_key,
        refund_id,
        {{ order_key('channel_code', 'order_id') }} as order_key,
        order_id,
        line_id,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        customer_token,

        -- what it is, in the platform's words
        refund_status,
        order_status,
        goods_status,
        refund_phase,
        refund_reason,
        is_goods_returned,
        item_id,
        item_code,
        quantity,

        -- amounts; the platform knows yuan alone
        'CNY' as currency_code,
        refund_amount,
        line_amount,
        kept_amount,

        -- timestamps (UTC)
        requested_at,
        case when refund_status = 'SUCCESS' then succeeded_at end as succeeded_at,
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
