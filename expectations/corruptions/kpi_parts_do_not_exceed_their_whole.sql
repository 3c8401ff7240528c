update kpi_daily set new_buyer_count = buyer_count + 1
where channel_code = 'all' and window_days = 90 and business_date = as_of_date;
