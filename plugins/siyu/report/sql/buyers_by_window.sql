-- One row per brand and month end: the rolling window nearest to 30 days, the same as the headline's.
with

windows as (

    select
        *,
        dense_rank() over (
            partition by brand_code
            order by abs(window_days - 30), window_days
        ) as choice
    from kpi_daily
    where
        channel_code = 'all'
        and window_days > 1

)

select
    brand_code,
    business_date,
    window_days,
    is_complete,
    buyer_count,
    new_buyer_count,
    existing_buyer_count,
    repeat_buyer_count,
    repurchase_rate,
    returning_buyer_rate,
    spend_per_buyer,
    top20_buyer_revenue_share
from windows
where choice = 1
order by brand_code, business_date
