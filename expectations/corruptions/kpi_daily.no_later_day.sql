update kpi_daily set business_date = business_date + 10000
where window_days = 30 and business_date = as_of_date;
