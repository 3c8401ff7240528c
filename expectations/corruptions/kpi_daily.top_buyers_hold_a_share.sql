update kpi_daily set top20_buyer_revenue_share = -0.1
where channel_code = 'all' and window_days = 90 and business_date = as_of_date;
