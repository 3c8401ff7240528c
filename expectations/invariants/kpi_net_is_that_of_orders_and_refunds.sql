-- Per brand, channel and day: net revenue of kpi_daily = net amounts of the counted orders paid on the day, less
-- refunds of no known order paid back on it.
with

movements as (

    select
        orders.brand_code,
        orders.channel_code,
        orders.paid_date as business_date,
        orders.net_amount
    from candidate.fct_orders as orders
    where orders.is_counted

    union all

    select
        refunds.brand_code,
        refunds.channel_code,
        refunds.refunded_date as business_date,
        -refunds.applied_amount as net_amount
    from candidate.fct_refunds as refunds
    where refunds.order_key is null

),

movements_per_day as (

    select
        movements.brand_code,
        movements.channel_code,
        movements.business_date,
        sum(movements.net_amount) as net_amount
    from movements
    group by movements.brand_code, movements.channel_code, movements.business_date

),

days as (

    select
        kpi_daily.brand_code,
        kpi_daily.channel_code,
        kpi_daily.business_date,
        kpi_daily.net_revenue_amount
    from candidate.kpi_daily
    where
        kpi_daily.window_days = 1
        and kpi_daily.channel_code <> 'all'

)

select
    coalesce(movements_per_day.channel_code, days.channel_code) as channel_code,
    coalesce(movements_per_day.business_date, days.business_date) as business_date
from movements_per_day
full outer join days
    on
        movements_per_day.brand_code = days.brand_code
        and movements_per_day.channel_code = days.channel_code
        and movements_per_day.business_date = days.business_date
where coalesce(movements_per_day.net_amount, 0) is distinct from coalesce(days.net_revenue_amount, 0)
