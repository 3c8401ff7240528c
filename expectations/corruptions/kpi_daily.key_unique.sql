insert into kpi_daily select * from kpi_daily
where channel_code = 'all' and window_days = 30 limit 1;
