-- Per brand and channel, the lifetime net revenue of channel_roi is that of the counted orders, less refunds of
-- no known order.
with

revenue as (

    select
        orders.brand_code,
        orders.channel_code,
        orders.net_amount
    from candidate.fct_orders as orders
    where orders.is_counted

    union all

    select
        refunds.brand_code,
        refunds.channel_code,
        -refunds.applied_amount as net_amount
    from candidate.fct_refunds as refunds
    where refunds.order_key is null

),

revenue_per_channel as (

    select
        revenue.brand_code,
        revenue.channel_code,
        sum(revenue.net_amount) as net_amount
    from revenue
    group by revenue.brand_code, revenue.channel_code

),

lifetimes as (

    select
        channel_roi.brand_code,
        channel_roi.channel_code,
        channel_roi.net_revenue_amount
    from candidate.channel_roi
    where channel_roi.period = 'lifetime'

)

select
    coalesce(revenue_per_channel.brand_code, lifetimes.brand_code) as brand_code,
    coalesce(revenue_per_channel.channel_code, lifetimes.channel_code) as channel_code
from revenue_per_channel
full outer join lifetimes
    on
        revenue_per_channel.brand_code = lifetimes.brand_code
        and revenue_per_channel.channel_code = lifetimes.channel_code
where coalesce(revenue_per_channel.net_amount, 0) is distinct from lifetimes.net_revenue_amount
