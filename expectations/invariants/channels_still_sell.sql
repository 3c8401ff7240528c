-- Channels that sold within the last year, but not in its last thirty days: closed, or no longer landing?
select
    months.brand_code,
    months.channel_code
from candidate.kpi_daily as months
inner join candidate.kpi_daily as years
    on
        months.brand_code = years.brand_code
        and months.channel_code = years.channel_code
        and months.business_date = years.business_date
cross join audit.night
where
    months.business_date = night.as_of_date
    and months.window_days = 30
    and months.order_count = 0
    and years.window_days = 365
    and years.order_count > 0
