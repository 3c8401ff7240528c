-- Money and orders of a window are those of its days.
with

windows as (

    select kpi_daily.*
    from candidate.kpi_daily
    where kpi_daily.window_days > 1

),

days as (

    select kpi_daily.*
    from candidate.kpi_daily
    where kpi_daily.window_days = 1

)

select
    windows.channel_code,
    windows.business_date,
    windows.window_days
from windows
left join days
    on
        windows.brand_code = days.brand_code
        and windows.channel_code = days.channel_code
        and days.business_date > windows.business_date - windows.window_days
        and days.business_date <= windows.business_date
group by
    windows.brand_code,
    windows.channel_code,
    windows.business_date,
    windows.window_days
having
    coalesce(sum(days.gmv_amount), 0) is distinct from any_value(windows.gmv_amount)
    or coalesce(sum(days.net_revenue_amount), 0) is distinct from any_value(windows.net_revenue_amount)
    or coalesce(sum(days.valid_order_count), 0) is distinct from any_value(windows.valid_order_count)
