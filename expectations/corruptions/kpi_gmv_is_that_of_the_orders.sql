create temp table hit as
select brand_code, channel_code, business_date from kpi_daily
where window_days = 1 and channel_code <> 'all' and gmv_amount > 100
order by business_date, channel_code limit 1;
update kpi_daily set gmv_amount = gmv_amount + 1, refund_amount = refund_amount + 1 from hit
where
    kpi_daily.brand_code = hit.brand_code
    and kpi_daily.channel_code in (hit.channel_code, 'all')
    and kpi_daily.business_date >= hit.business_date
    and kpi_daily.business_date - kpi_daily.window_days < hit.business_date;
