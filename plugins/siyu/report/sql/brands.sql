-- One row per brand with a day of business, largest net revenue first.
select
    daily.brand_code,
    any_value(brands.name_en) as name_en,
    any_value(brands.name_zh) as name_zh,
    any_value(daily.currency_code) as currency_code
from kpi_daily as daily
left join dim_brands as brands
    on daily.brand_code = brands.brand_code
where
    daily.window_days = 1
    and daily.channel_code = 'all'
group by daily.brand_code
order by sum(daily.net_revenue_amount) desc, daily.brand_code
