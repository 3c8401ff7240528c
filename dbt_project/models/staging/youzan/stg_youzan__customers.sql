with

observations as (

    select
        *,
        -- a row that moves from page to page while the list is read comes twice
        row_number() over (
            partition by channel_code, customer_token, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as repetition
    from {{ source('raw', 'youzan__customers') }}

),

once_each as (

    select
        -- ids
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        customer_token,
        phone_token,
        brand_code,
        channel_code,
        account_id,

        -- what is said of them
        is_member,
        points_balance,
        order_count,

        -- timestamps (UTC)
        registered_at,
        enrolled_at,

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
