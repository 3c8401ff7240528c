-- In every row of kpi_daily: net revenue = GMV - refunds of its orders - refunds of no known order.
select
    kpi_daily.channel_code,
    kpi_daily.business_date,
    kpi_daily.window_days
from candidate.kpi_daily
where
    kpi_daily.net_revenue_amount is distinct from
    kpi_daily.gmv_amount - kpi_daily.refund_amount - kpi_daily.unlinked_refund_amount
