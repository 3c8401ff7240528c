with

payments as (

    select
        *,
        {{ business_date('paid_at') }} as paid_date
    from {{ ref('int_payments_conformed') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

-- what is paid back is worth what was paid: both at the rate of the payment's day
payments_in_one_currency as (

    select
        -- ids
        payments.payment_key,
        payments.brand_code,
        payments.channel_code,
        payments.account_id,
        coalesce(members_of_customers.member_id, payments.customer_key, 'unknown')
            as member_id,
        payments.guide_key,
        payments.transaction_id,
        payments.out_trade_no,

        -- how it was paid and what became of it
        payments.payment_type,
        case
            when payments.refunded_amount >= payments.paid_amount and payments.refunded_amount > 0
                then 'refunded'
            when payments.refunded_amount > 0 then 'partly_refunded'
            else 'paid'
        end as payment_state,

        -- amounts, in the reporting currency
        '{{ var("reporting_currency") }}' as currency_code,
        {{ in_reporting_currency('payments.paid_amount', 'exchange_rates.exchange_rate') }}
            as paid_amount,
        {{ in_reporting_currency('payments.refunded_amount', 'exchange_rates.exchange_rate') }}
            as refunded_amount,

        -- timestamps (UTC) and business dates
        payments.paid_at,
        payments.paid_date
    from payments
    left join members_of_customers
        on payments.customer_key = members_of_customers.customer_key
    left join exchange_rates
        on
            payments.currency_code = exchange_rates.currency_code
            and payments.paid_date >= exchange_rates.valid_from
            and payments.paid_date < exchange_rates.valid_before
    where payments.paid_date <= {{ as_of_date() }}

)

select * from payments_in_one_currency
