-- Over all single days, each brand and channel shows what its orders and refunds sum to, and net
-- revenue is the same whether refunds count on the day of payment or on their own.
with

kpi_per_channel as (

    select
        brand_code,
        channel_code,
        sum(gmv_amount) as gmv_amount,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(gmv_amount - refunded_on_day_amount) as cash_amount,
        sum(order_count) as order_count
    from {{ ref('kpi_daily') }}
    where window_days = 1
    group by brand_code, channel_code

),

orders_per_channel as (

    select
        brand_code,
        channel_code,
        sum(paid_amount) as gmv_amount,
        sum(net_amount) as net_amount,
        count(*) as order_count
    from {{ ref('fct_orders') }}
    where is_counted
    group by brand_code, channel_code

),

unlinked_per_channel as (

    select
        brand_code,
        channel_code,
        sum(refund_amount) as unlinked_amount
    from {{ ref('fct_refunds') }}
    where
        order_key is null
        and not is_excluded
    group by brand_code, channel_code

),

facts_per_channel as (

    select
        coalesce(orders_per_channel.brand_code, unlinked_per_channel.brand_code) as brand_code,
        coalesce(orders_per_channel.channel_code, unlinked_per_channel.channel_code)
            as channel_code,
        coalesce(orders_per_channel.gmv_amount, 0) as gmv_amount,
        coalesce(orders_per_channel.net_amount, 0)
        - coalesce(unlinked_per_channel.unlinked_amount, 0) as net_revenue_amount,
        coalesce(orders_per_channel.order_count, 0) as order_count
    from orders_per_channel
    full outer join unlinked_per_channel
        on
            orders_per_channel.brand_code = unlinked_per_channel.brand_code
            and orders_per_channel.channel_code = unlinked_per_channel.channel_code

),

facts as (

    select
        brand_code,
        channel_code,
        gmv_amount,
        net_revenue_amount,
        order_count
    from facts_per_channel

    union all

    select
        brand_code,
        'all' as channel_code,
        sum(gmv_amount) as gmv_amount,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(order_count) as order_count
    from facts_per_channel
    group by brand_code

)

select
    facts.*,
    kpi_per_channel.gmv_amount as kpi_gmv_amount,
    kpi_per_channel.net_revenue_amount as kpi_net_revenue_amount,
    kpi_per_channel.cash_amount as kpi_cash_amount
from facts
left join kpi_per_channel
    on
        facts.brand_code = kpi_per_channel.brand_code
        and facts.channel_code = kpi_per_channel.channel_code
where
    kpi_per_channel.gmv_amount is null
    or kpi_per_channel.gmv_amount <> facts.gmv_amount
    or kpi_per_channel.net_revenue_amount <> facts.net_revenue_amount
    or kpi_per_channel.cash_amount <> facts.net_revenue_amount
    or kpi_per_channel.order_count <> facts.order_count
