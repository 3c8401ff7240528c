{{ config(materialized='table') }}

with

orders as (

    select * from {{ ref('int_orders_conformed') }}

),

lines_per_order as (

    select * from {{ ref('int_order_lines_aggregated_to_orders') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

brushing_orders as (

    select
        {{ order_key('channel_code', 'order_id') }} as order_key,
        min(reason) as reason
    from {{ ref('brushing_orders') }}
    group by channel_code, order_id

),

-- an order that the source gives no row of its own is what its lines say; without a date they
-- wait for that row
joined as (

    select
        coalesce(orders.order_key, lines_per_order.order_key) as order_key,
        coalesce(orders.order_id, lines_per_order.order_id) as order_id,
        coalesce(orders.brand_code, lines_per_order.brand_code) as brand_code,
        coalesce(orders.channel_code, lines_per_order.channel_code) as channel_code,
        coalesce(orders.customer_key, lines_per_order.customer_key) as customer_key,
        orders.order_status,
        orders.province,
        orders.delivery_address_token,
        orders.store_id as store_code,
        orders.guide_id as guide_code,
        coalesce(orders.currency_code, lines_per_order.currency_code) as source_currency_code,
        -- one that is excluded may lack it
        coalesce(orders.paid_amount, lines_per_order.line_amount, 0) as source_paid_amount,
        lines_per_order.unit_count,
        lines_per_order.cost_amount as source_cost_amount,
        coalesce(orders.ordered_at, lines_per_order.ordered_at) as ordered_at,
        case
            when orders.order_key is null then lines_per_order.paid_at
            else orders.paid_at
        end as paid_at,
        orders.cancelled_at,
        coalesce(orders.is_excluded, lines_per_order.is_excluded) as is_excluded,
        case
            when orders.order_key is null then lines_per_order.exclusion_reason
            else orders.exclusion_reason
        end as exclusion_reason
    from orders
    full outer join lines_per_order
        on orders.order_key = lines_per_order.order_key
    where
        orders.order_key is not null
        or lines_per_order.ordered_at is not null

),

dated as (

    select
        *,
        {{ business_date('ordered_at') }} as ordered_date,
        {{ business_date('paid_at') }} as paid_date,
        {{ business_date('cancelled_at') }} as cancelled_date
    from joined

),

-- what happened after as_of_date has not happened
known_at_as_of as (

    select
        *,
        case when paid_date <= {{ as_of_date() }} then paid_at end as known_paid_at,
        case when paid_date <= {{ as_of_date() }} then paid_date end as known_paid_date,
        case when cancelled_date <= {{ as_of_date() }} then cancelled_at end as known_cancelled_at
    from dated
    where ordered_date is null or ordered_date <= {{ as_of_date() }}

),

in_one_currency as (

    select
        -- ids
        known_at_as_of.order_key,
        known_at_as_of.order_id,
        known_at_as_of.brand_code,
        known_at_as_of.channel_code,
        known_at_as_of.customer_key,
        coalesce(members_of_customers.member_id, known_at_as_of.customer_key, 'unknown')
            as member_id,

        -- what it is
        known_at_as_of.order_status,
        known_at_as_of.province,
        known_at_as_of.delivery_address_token,
        known_at_as_of.store_code,
        known_at_as_of.guide_code,
        known_at_as_of.unit_count,

        -- amounts
        known_at_as_of.source_currency_code,
        exchange_rates.exchange_rate,
        {{ in_reporting_currency(
            'known_at_as_of.source_paid_amount', 'exchange_rates.exchange_rate'
        ) }} as paid_amount,
        {{ in_reporting_currency(
            'known_at_as_of.source_cost_amount', 'exchange_rates.exchange_rate'
        ) }} as cost_amount,

        -- timestamps (UTC) and business dates
        known_at_as_of.ordered_at,
        known_at_as_of.ordered_date,
        known_at_as_of.known_paid_at as paid_at,
        known_at_as_of.known_paid_date as paid_date,
        known_at_as_of.known_cancelled_at as cancelled_at,

        -- does it count
        known_at_as_of.known_paid_at is not null as is_paid,
        known_at_as_of.is_excluded,
        known_at_as_of.exclusion_reason,
        (
            coalesce(known_at_as_of.exclusion_reason = 'brushing', false)
            or brushing_orders.order_key is not null
        ) as is_brushing
    from known_at_as_of
    left join exchange_rates
        on
            known_at_as_of.source_currency_code = exchange_rates.currency_code
            and coalesce(known_at_as_of.known_paid_date, known_at_as_of.ordered_date)
            >= exchange_rates.valid_from
            and coalesce(known_at_as_of.known_paid_date, known_at_as_of.ordered_date)
            < exchange_rates.valid_before
    left join brushing_orders
        on known_at_as_of.order_key = brushing_orders.order_key
    left join members_of_customers
        on known_at_as_of.customer_key = members_of_customers.customer_key

)

select * from in_one_currency
