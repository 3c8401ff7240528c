with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, transaction_id, coalesce(bill_type, 0)
            order by
                _observed_at desc,
                -- read in one go: a bill is paid back bit by bit
                refunded_amount desc nulls last,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__bills') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'transaction_id') }} as payment_key,
        transaction_id,
        coalesce(bill_type, 0) as bill_type,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,
        payer_phone_token,
        {{ account_key('channel_code', 'account_id', 'payee_userid') }} as guide_key,
        payee_userid,
        out_trade_no,
        out_refund_no,
        merchant_id,

        -- what it is
        trade_state,
        payment_type,

        -- amounts in yuan: the platform knows no other currency
        'CNY' as currency_code,
        paid_amount,
        refunded_amount,

        -- timestamps (UTC)
        paid_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
