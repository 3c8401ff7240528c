with

payments as (

    select * from {{ ref('stg_files__payments') }}

),

payments_of_orders as (

    select
        -- ids
        payment_key,
        payment_id,
        order_key,
        brand_code,
        channel_code,

        -- what was paid, in the currency of the row
        tender,
        currency_code,
        payment_amount,

        -- when
        paid_at,
        {{ business_date('paid_at') }} as paid_date
    from payments
    where
        not is_excluded
        and {{ business_date('paid_at') }} <= {{ as_of_date() }}

)

select * from payments_of_orders
