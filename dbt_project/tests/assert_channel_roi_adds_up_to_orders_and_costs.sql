-- Months and lifetime of channel_roi each sum to the net revenue of fct_orders less unlinked
-- refunds, and to all costs.
with

found as (

    select
        period = 'lifetime' as is_lifetime,
        sum(net_revenue_amount) as net_amount,
        sum(order_count) as order_count,
        sum(coalesce(cost_amount, 0) + commission_and_gift_amount) as cost_amount
    from {{ ref('channel_roi') }}
    group by is_lifetime

),

facts as (

    select
        (
            select coalesce(sum(net_amount), 0) from {{ ref('fct_orders') }}
            where is_counted
        ) - (
            select coalesce(sum(refund_amount), 0) from {{ ref('fct_refunds') }}
            where
                order_key is null
                and not is_excluded
        ) as net_amount,
        (
            select count(*) from {{ ref('fct_orders') }}
            where is_valid
        ) as order_count,
        (select coalesce(sum(cost_amount), 0) from {{ ref('fct_costs') }}) as cost_amount

)

select
    found.*,
    facts.net_amount as expected_net_amount,
    facts.cost_amount as expected_cost_amount
from found
cross join facts
where
    found.net_amount <> facts.net_amount
    or found.order_count <> facts.order_count
    or found.cost_amount <> facts.cost_amount
