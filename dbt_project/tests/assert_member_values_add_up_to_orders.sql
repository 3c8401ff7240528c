{{ config(group='analytics') }}

-- Orders and refunds of int_member_value_events sum to the net revenue and cost of goods that
-- fct_orders has of known persons.
with

event_totals as (

    select
        order_key,
        sum(net_revenue_amount) as net_amount,
        sum(cost_of_goods_amount) as cost_of_goods_amount
    from {{ ref('int_member_value_events') }}
    group by order_key

),

counted_orders as (

    select
        order_key,
        net_amount,
        cost_of_goods_amount
    from {{ ref('fct_orders') }}
    where
        is_counted
        and member_id <> 'unknown'

)

select
    counted_orders.*,
    event_totals.net_amount as event_net_amount,
    event_totals.cost_of_goods_amount as event_cost_of_goods_amount
from counted_orders
full outer join event_totals
    on counted_orders.order_key = event_totals.order_key
where
    counted_orders.net_amount is distinct from event_totals.net_amount
    or counted_orders.cost_of_goods_amount is distinct from event_totals.cost_of_goods_amount
