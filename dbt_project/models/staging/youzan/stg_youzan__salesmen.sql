with

observations as (

    select
        *,
        row_number() over (
            partition by channel_code, salesman_id, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as repetition
    from {{ source('raw', 'youzan__salesmen') }}

),

once_each as (

    select
        -- ids
        channel_code || '|' || salesman_id as salesman_key,
        salesman_id,
        brand_code,
        channel_code,
        account_id,
        phone_token,
        fans_token,
        referrer_phone_token,

        -- what they brought so far
        order_count,
        'CNY' as currency_code,
        order_amount,

        -- timestamps (UTC)
        registered_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where repetition = 1

)

select * from once_each
