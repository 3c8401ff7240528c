update kpi_daily set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update member_rfm set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update member_cohort set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update ltv_cac set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update channel_roi set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update campaign_lift set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
-- each channel has its day of zeros then
insert into kpi_daily
select * replace (
    as_of_date as business_date,
    0 as gmv_amount, 0 as refund_amount, 0 as unlinked_refund_amount, 0 as net_revenue_amount,
    0 as refunded_on_day_amount, 0 as order_count, 0 as valid_order_count, 0 as identified_order_count,
    0 as brushing_count, 0 as brushing_amount, 0 as buyer_count, 0 as new_buyer_count, 0 as repeat_buyer_count
)
from kpi_daily
where window_days = 1
qualify row_number() over (partition by brand_code, channel_code order by business_date desc) = 1;
