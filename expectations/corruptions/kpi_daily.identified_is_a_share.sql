update kpi_daily set order_identified_rate = 1.5
where channel_code = 'all' and window_days = 90 and business_date = as_of_date;
