with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, salesman_id, order_id
            order by
                -- it does not say when it changed: what is settled waited, and its state only grows
                (settled_at is not null) desc,
                order_state desc nulls last,
                _observed_at desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'youzan__salesman_orders') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || salesman_id || '|' || order_id as salesman_order_key,
        channel_code || '|' || salesman_id as salesman_key,
        salesman_id,
        {{ order_key('channel_code', 'order_id') }} as order_key,
        order_id,
        brand_code,
        channel_code,
        account_id,
        phone_token,

        -- how far it is, in the platform's numbers
        order_state,
        settle_state,

        -- amounts; the platform knows yuan alone
        'CNY' as currency_code,
        order_amount,
        commission_amount,

        -- timestamps (UTC)
        recorded_at,
        -- 2: done
        case when settle_state = 2 then coalesce(settled_at, recorded_at) end as settled_at,

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
