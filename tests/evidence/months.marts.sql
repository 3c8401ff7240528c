-- The months of months.sql, from what siyu published.

-- table: months
select
    strftime(business_date, '%Y-%m') as month,
    cast(sum(order_count) as bigint) as orders,
    sum(gmv_amount) as gross,
    cast(sum(refund_amount + unlinked_refund_amount) as decimal(18, 2)) as refunds,
    cast(sum(net_revenue_amount) as decimal(18, 2)) as net
from marts.kpi_daily
where channel_code = 'all' and window_days = 1
group by month
having orders > 0 or refunds > 0
order by month;
