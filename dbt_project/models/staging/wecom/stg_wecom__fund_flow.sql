with

observations as (

    select
        *,
        row_number() over (
            partition by account_id, request_no
            order by _observed_at asc, _row_hash desc, _load_id asc, _source_row asc
        ) as observation_rank
    from {{ source('raw', 'wecom__fund_flow') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'request_no') }} as flow_key,
        request_no,
        brand_code,
        channel_code,
        account_id,
        out_trade_no,
        merchant_id,
        {{ account_key('channel_code', 'account_id', 'operator_userid') }} as operator_guide_key,

        -- what it is
        transaction_type,
        fund_flow_type,

        -- amounts in yuan: the platform knows no other currency
        'CNY' as currency_code,
        flow_amount,
        balance_amount,

        -- timestamps (UTC)
        happened_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where observation_rank = 1

)

select * from one_each
