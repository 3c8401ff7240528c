with

versions as (

    select
        *,
        -- the platform gives no time of closing: the change to TRADE_CLOSED is it
        min(case when order_status = 'TRADE_CLOSED' then updated_at end) over (
            partition by channel_code, order_id
        ) as closed_at,
        row_number() over (
            partition by channel_code, order_id
            order by
                updated_at desc,
                -- within one second: what ended was under way, what was sent was paid
                (order_status = 'TRADE_CLOSED') desc nulls last,
                (finished_at is not null) desc,
                (shipped_at is not null) desc,
                (paid_at is not null) desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'youzan__orders') }}

),

newest as (

    select
        -- ids
        {{ order_key('channel_code', 'order_id') }} as order_key,
        order_id,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        customer_token,
        openid_token,
        buyer_phone_token,
        receiver_phone_token,
        nullif(store_id, '0') as store_id,

        -- what it is, in the platform's words and numbers
        order_status,
        order_type,
        close_type,
        refund_state,
        express_type,
        pay_type,
        platform,
        is_offline,
        is_member,
        is_by_salesman,
        province,
        city,
        district,

        -- amounts; the platform knows yuan alone
        'CNY' as currency_code,
        paid_amount,
        goods_amount,
        freight_amount,
        real_paid_amount,
        deduction_amount,
        real_deduction_amount,

        -- timestamps (UTC)
        ordered_at,
        paid_at,
        shipped_at,
        confirmed_at,
        finished_at,
        case when order_status = 'TRADE_CLOSED' then closed_at end as closed_at,
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
