with

refunds as (

    select * from {{ ref('int_refunds_linked_to_orders') }}

),

orders as (

    select * from {{ ref('int_orders_joined_to_lines') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

-- what pays an order back is worth what the order was: at the order's rate; else at the day's
in_one_currency as (

    select
        refunds.refund_key,
        refunds.refund_id,
        refunds.linked_order_key as order_key,
        refunds.link_basis,
        coalesce(orders.brand_code, refunds.brand_code) as brand_code,
        refunds.channel_code,
        case
            when orders.member_id <> 'unknown' then orders.member_id
            else coalesce(members_of_customers.member_id, refunds.customer_key, 'unknown')
        end as member_id,
        refunds.product_key,
        refunds.refund_reason,
        refunds.refund_quantity,
        {{ in_reporting_currency(
            'refunds.refund_amount', 'exchange_rates.exchange_rate'
        ) }} as refund_amount,
        case
            when orders.order_key is null then null
            when orders.is_paid then orders.paid_amount
            else 0
        end as refundable_amount,
        refunds.refunded_at,
        refunds.refunded_date,
        refunds.is_excluded,
        refunds.exclusion_reason
    from refunds
    left join orders
        on refunds.linked_order_key = orders.order_key
    left join members_of_customers
        on refunds.customer_key = members_of_customers.customer_key
    left join exchange_rates
        on
            refunds.currency_code = exchange_rates.currency_code
            and coalesce(orders.paid_date, refunds.refunded_date) >= exchange_rates.valid_from
            and coalesce(orders.paid_date, refunds.refunded_date) < exchange_rates.valid_before

),

with_refunded_before as (

    select
        *,
        coalesce(
            sum(case when is_excluded then 0 else refund_amount end) over (
                partition by order_key
                order by refunded_at, refund_key
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as refunded_before_amount
    from in_one_currency

),

applied as (

    select
        -- ids
        refund_key,
        refund_id,
        order_key,
        link_basis,
        brand_code,
        channel_code,
        member_id,
        product_key,

        -- what came back
        refund_reason,
        refund_quantity,

        -- amounts, in the reporting currency
        '{{ var("reporting_currency") }}' as currency_code,
        refund_amount,
        cast(
            case
                when is_excluded then 0
                when order_key is null then refund_amount
                else greatest(least(refund_amount, refundable_amount - refunded_before_amount), 0)
            end
            as numeric(18, 2)
        ) as applied_amount,

        -- timestamps (UTC) and business dates
        refunded_at,
        refunded_date,

        -- does it count
        is_excluded,
        exclusion_reason
    from with_refunded_before

)

select * from applied
