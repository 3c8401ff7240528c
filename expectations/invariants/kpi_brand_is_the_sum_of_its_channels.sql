-- What adds up over channels adds up to the brand's row, channel 'all', in every window.
with

channels as (

    select
        kpi_daily.brand_code,
        kpi_daily.business_date,
        kpi_daily.window_days,
        sum(kpi_daily.gmv_amount) as gmv_amount,
        sum(kpi_daily.refund_amount) as refund_amount,
        sum(kpi_daily.net_revenue_amount) as net_revenue_amount,
        sum(kpi_daily.refunded_on_day_amount) as refunded_on_day_amount,
        sum(kpi_daily.order_count) as order_count,
        sum(kpi_daily.valid_order_count) as valid_order_count,
        sum(kpi_daily.identified_order_count) as identified_order_count,
        sum(kpi_daily.brushing_count) as brushing_count,
        sum(kpi_daily.brushing_amount) as brushing_amount
    from candidate.kpi_daily
    where kpi_daily.channel_code <> 'all'
    group by kpi_daily.brand_code, kpi_daily.business_date, kpi_daily.window_days

),

brands as (

    select kpi_daily.*
    from candidate.kpi_daily
    where kpi_daily.channel_code = 'all'

)

select
    coalesce(channels.business_date, brands.business_date) as business_date,
    coalesce(channels.window_days, brands.window_days) as window_days
from channels
full outer join brands
    on
        channels.brand_code = brands.brand_code
        and channels.business_date = brands.business_date
        and channels.window_days = brands.window_days
where
    channels.gmv_amount is distinct from brands.gmv_amount
    or channels.refund_amount is distinct from brands.refund_amount
    or channels.net_revenue_amount is distinct from brands.net_revenue_amount
    or channels.refunded_on_day_amount is distinct from brands.refunded_on_day_amount
    or channels.order_count is distinct from brands.order_count
    or channels.valid_order_count is distinct from brands.valid_order_count
    or channels.identified_order_count is distinct from brands.identified_order_count
    or channels.brushing_count is distinct from brands.brushing_count
    or channels.brushing_amount is distinct from brands.brushing_amount
