with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, order_id
            order by
                updated_at desc,
                -- within one second: what ended was under way, what was sent was paid
                (ended_at is not null) desc,
                (shipped_at is not null) desc,
                (paid_at is not null) desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'taobao__orders') }}

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
        store_id,
        guide_id,

        -- what it is, in the platform's words
        order_status,
        order_type,
        order_source,
        step_status,
        province,
        city,
        district,

        -- amounts; the platform knows yuan alone
        'CNY' as currency_code,
        paid_amount,
        goods_amount,
        discount_amount,
        adjust_amount,
        freight_amount,
        received_amount,
        step_paid_amount,
        commission_amount,

        -- points
        points_used,
        points_earned,

        -- timestamps (UTC)
        ordered_at,
        paid_at,
        shipped_at,
        ended_at,
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
