update kpi_daily
set
    gmv_amount = gmv_amount + 1, net_revenue_amount = net_revenue_amount + 1
where
    window_days = 30 and business_date = as_of_date
    and channel_code in ('all', (select min(channel_code) from kpi_daily where channel_code <> 'all'));
