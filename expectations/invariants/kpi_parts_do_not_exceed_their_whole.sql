-- Valid and identified orders are orders; new and repeat buyers are buyers; converters had a first order.
select
    kpi_daily.channel_code,
    kpi_daily.business_date,
    kpi_daily.window_days
from candidate.kpi_daily
where
    kpi_daily.valid_order_count > kpi_daily.order_count
    or kpi_daily.identified_order_count > kpi_daily.order_count
    or kpi_daily.new_buyer_count > kpi_daily.buyer_count
    or kpi_daily.repeat_buyer_count > kpi_daily.buyer_count
    or kpi_daily.returning_buyer_count > kpi_daily.previous_buyer_count
    or kpi_daily.second_order_count > kpi_daily.mature_first_order_count
    or kpi_daily.buyer_count > kpi_daily.valid_order_count
