insert into kpi_daily
select * from kpi_daily
where
    channel_code = 'all' and window_days = 1
    and order_count = 0 and brushing_count = 0 and net_revenue_amount = 0 and refunded_on_day_amount = 0
order by business_date limit 1;
