-- Each channel of kpi_daily goes on to the last business day, with zeros where it sold nothing.
select
    kpi_daily.brand_code,
    kpi_daily.channel_code
from candidate.kpi_daily
cross join audit.night
where kpi_daily.window_days = 1
group by kpi_daily.brand_code, kpi_daily.channel_code
having max(kpi_daily.business_date) <> any_value(night.as_of_date)
