-- One row per brand and calendar month, the last 24; every column adds up over days.
select
    brand_code,
    strftime(business_date, '%Y-%m') as month_code,
    count(*) as day_count,
    max(as_of_date) >= last_day(max(business_date)) as is_complete,
    sum(gmv_amount) as gmv_amount,
    sum(refund_amount + unlinked_refund_amount) as refund_amount,
    sum(net_revenue_amount) as net_revenue_amount,
    sum(valid_order_count) as valid_order_count,
    sum(new_buyer_count) as new_buyer_count
from kpi_daily
where
    channel_code = 'all'
    and window_days = 1
    and business_date >= date_trunc('month', as_of_date) - interval 23 month
group by brand_code, month_code
order by brand_code, month_code
