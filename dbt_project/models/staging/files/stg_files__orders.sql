with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, order_id
            order by
                updated_at desc nulls last,
                -- without a change time: what is paid was unpaid before, what is cancelled was open
                (paid_at is not null) desc,
                (cancelled_at is not null) desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__orders') }}

),

newest as (

    select
        -- ids
        {{ order_key('channel_code', 'order_id') }} as order_key,
        order_id,
        brand_code,
        channel_code,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        store_id,
        guide_id,

        -- what it is
        order_status,
        province,
        delivery_address_token,

        -- amounts, in the currency of the order
        currency_code,
        paid_amount,
        discount_amount,
        freight_amount,

        -- timestamps (UTC)
        ordered_at,
        paid_at,
        cancelled_at,
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
