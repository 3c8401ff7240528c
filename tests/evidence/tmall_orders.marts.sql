-- What siyu published about the Tmall orders, under the names of tmall_orders.sql: the same figures from the marts.

-- name: all_orders
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen from marts.fct_orders;

-- name: never_paid
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen
from marts.fct_orders where not is_paid;

-- name: gross
select
    (select count(*) from marts.fct_orders where is_paid and not is_excluded) as rows_counted,
    cast(sum(gmv_amount) * 100 as bigint) as fen
from marts.kpi_daily where channel_code = 'all' and window_days = 1;

-- name: refunds
select count(*) as rows_counted, cast(sum(refund_amount) * 100 as bigint) as fen
from marts.fct_refunds where not is_excluded;

-- name: refunds_in_full
select count(*) as rows_counted, cast(sum(refunded_amount) * 100 as bigint) as fen
from marts.fct_orders where is_fully_refunded;

-- name: refunds_of_unpaid
select count(*) as rows_counted, cast(coalesce(sum(refunds.refund_amount), 0) * 100 as bigint) as fen
from marts.fct_refunds as refunds
left join marts.fct_orders as orders on refunds.order_key = orders.order_key
where orders.is_paid is not true;

-- name: net
select
    (select count(*) from marts.fct_orders where is_paid and not is_excluded) as rows_counted,
    cast(sum(net_revenue_amount) * 100 as bigint) as fen
from marts.kpi_daily where channel_code = 'all' and window_days = 1;

-- name: orders_valid
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.fct_orders where is_valid;

-- name: paid_after_the_month
select count(*) as rows_counted, cast(coalesce(sum(paid_amount), 0) * 100 as bigint) as fen
from marts.fct_orders where paid_date >= date '2020-03-01';

-- name: buyers
select count(*) as rows_counted, cast(coalesce(sum(net_amount), 0) * 100 as bigint) as fen from marts.member_rfm;
