-- Per brand, channel and day: GMV of kpi_daily = paid amounts of counted orders.
with

orders_per_day as (

    select
        orders.brand_code,
        orders.channel_code,
        orders.paid_date as business_date,
        sum(orders.paid_amount) as gmv_amount
    from candidate.fct_orders as orders
    where orders.is_counted
    group by orders.brand_code, orders.channel_code, orders.paid_date

),

days as (

    select
        kpi_daily.brand_code,
        kpi_daily.channel_code,
        kpi_daily.business_date,
        kpi_daily.gmv_amount
    from candidate.kpi_daily
    where
        kpi_daily.window_days = 1
        and kpi_daily.channel_code <> 'all'

)

select
    coalesce(orders_per_day.channel_code, days.channel_code) as channel_code,
    coalesce(orders_per_day.business_date, days.business_date) as business_date
from orders_per_day
full outer join days
    on
        orders_per_day.brand_code = days.brand_code
        and orders_per_day.channel_code = days.channel_code
        and orders_per_day.business_date = days.business_date
where coalesce(orders_per_day.gmv_amount, 0) is distinct from coalesce(days.gmv_amount, 0)
