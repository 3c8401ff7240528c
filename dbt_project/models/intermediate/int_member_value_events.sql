{{ config(materialized='table') }}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

orders_joined_to_lines as (

    select * from {{ ref('int_orders_joined_to_lines') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

costs as (

    select * from {{ ref('fct_costs') }}

),

cost_types as (

    select * from {{ ref('cost_types') }}

),

-- commission and gifts of a channel's month; those for acquisition belong to CAC, never here
commission_and_gifts as (

    select
        costs.brand_code,
        costs.channel_code,
        {{ month_of('costs.cost_date') }} as cost_month,
        sum(costs.cost_amount) as cost_amount
    from costs
    inner join cost_types
        on costs.cost_type = cost_types.cost_type
    where
        cost_types.is_in_cm2
        and costs.cost_purpose <> 'acquisition'
    group by costs.brand_code, costs.channel_code, cost_month

),

net_revenue as (

    select
        brand_code,
        channel_code,
        {{ month_of('paid_date') }} as paid_month,
        sum(net_amount) as net_amount
    from orders
    where is_counted
    group by brand_code, channel_code, paid_month

),

-- spread over the orders of the channel and month in proportion to their net revenue
commission_and_gift_rates as (

    select
        net_revenue.brand_code,
        net_revenue.channel_code,
        net_revenue.paid_month,
        cast(commission_and_gifts.cost_amount as double) / net_revenue.net_amount
            as cost_per_net_amount
    from net_revenue
    inner join commission_and_gifts
        on
            net_revenue.brand_code = commission_and_gifts.brand_code
            and net_revenue.channel_code = commission_and_gifts.channel_code
            and net_revenue.paid_month = commission_and_gifts.cost_month
    where net_revenue.net_amount > 0

),

member_orders as (

    select
        orders.order_key,
        orders.member_id,
        orders.paid_date,
        orders.paid_amount,
        orders_joined_to_lines.cost_amount,
        cast(
            orders.net_amount * coalesce(commission_and_gift_rates.cost_per_net_amount, 0)
            as numeric(18, 6)
        ) as commission_and_gift_amount
    from orders
    inner join orders_joined_to_lines
        on orders.order_key = orders_joined_to_lines.order_key
    left join commission_and_gift_rates
        on
            orders.brand_code = commission_and_gift_rates.brand_code
            and orders.channel_code = commission_and_gift_rates.channel_code
            and {{ month_of('orders.paid_date') }} = commission_and_gift_rates.paid_month
    where
        orders.is_counted
        and orders.member_id <> 'unknown'

),

order_refunds as (

    select
        member_orders.order_key,
        member_orders.member_id,
        member_orders.paid_date,
        member_orders.paid_amount,
        member_orders.cost_amount,
        refunds.applied_amount,
        greatest(refunds.refunded_date, member_orders.paid_date) as event_date,
        sum(refunds.applied_amount) over (
            partition by refunds.order_key
            order by refunds.refunded_at, refunds.refund_key
            rows between unbounded preceding and current row
        ) as refunded_so_far_amount
    from refunds
    inner join member_orders
        on refunds.order_key = member_orders.order_key
    where refunds.applied_amount > 0

),

events as (

    select
        member_id,
        order_key,
        'order' as event_type,
        paid_date,
        paid_date as event_date,
        paid_amount as net_revenue_amount,
        cost_amount as cost_of_goods_amount,
        commission_and_gift_amount
    from member_orders

    union all

    -- the cost of the goods goes back as the cost of what was kept shrinks, so that no fen is
    -- lost over several refunds
    select
        member_id,
        order_key,
        'refund' as event_type,
        paid_date,
        event_date,
        -applied_amount as net_revenue_amount,
        {{ cost_of_kept_goods('refunded_so_far_amount') }}
        - {{ cost_of_kept_goods('refunded_so_far_amount - applied_amount') }}
            as cost_of_goods_amount,
        cast(0 as numeric(18, 6)) as commission_and_gift_amount
    from order_refunds

)

select * from events
