-- One row per brand and business day, the last 90.
select
    brand_code,
    business_date,
    gmv_amount,
    refund_amount + unlinked_refund_amount as refund_amount,
    net_revenue_amount,
    valid_order_count,
    buyer_count,
    new_buyer_count,
    existing_buyer_count
from kpi_daily
where
    channel_code = 'all'
    and window_days = 1
    and business_date > as_of_date - 90
order by brand_code, business_date
