with

-- rows of one list are one document: it wins or loses whole
versions as (

    select
        *,
        rank() over (
            partition by account_id, transaction_id
            order by _observed_at desc, _group_hash desc, _load_id asc
        ) as version_rank
    from {{ source('raw', 'wecom__bill_refunds') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'transaction_id') }} as payment_key,
        transaction_id,
        _line_number as line_number,
        out_refund_no,
        brand_code,
        channel_code,
        account_id,
        {{ account_key('channel_code', 'account_id', 'refund_userid') }} as guide_key,

        -- state
        refund_status,

        -- amounts in yuan: the platform knows no other currency
        'CNY' as currency_code,
        refund_amount,

        -- timestamps (UTC)
        requested_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
