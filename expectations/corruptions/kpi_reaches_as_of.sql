delete from kpi_daily
where window_days = 1 and business_date = as_of_date and channel_code = (
    select channel_code from kpi_daily where window_days = 1 and channel_code <> 'all'
    group by channel_code
    having max(order_count + refunded_on_day_amount) filter (where business_date = as_of_date) = 0
    order by channel_code limit 1
);
