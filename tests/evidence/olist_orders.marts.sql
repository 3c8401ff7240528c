-- What siyu published about Olist's orders, under the names of olist_orders.sql: the same figures from the marts.

-- name: all_orders
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen from marts.fct_orders;

-- name: all_items
select count(*) as rows_counted, cast(sum(line_amount) * 100 as bigint) as fen from marts.fct_order_lines;

-- name: never_paid
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen
from marts.fct_orders where not is_paid;

-- name: gross
select cast(sum(order_count) as bigint) as rows_counted, cast(sum(gmv_amount) * 100 as bigint) as fen
from marts.kpi_daily where channel_code = 'all' and window_days = 1;

-- name: paid_nothing
select count(*) as rows_counted, cast(0 as bigint) as fen
from marts.fct_orders where is_paid and paid_amount = 0;

-- name: refunds
select count(*) as rows_counted, cast(sum(refund_amount) * 100 as bigint) as fen
from marts.fct_refunds where not is_excluded and link_basis = 'source';

-- name: net
select cast(sum(order_count) as bigint) as rows_counted, cast(sum(net_revenue_amount) * 100 as bigint) as fen
from marts.kpi_daily where channel_code = 'all' and window_days = 1;

-- name: orders_valid
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.fct_orders where is_valid;

-- name: buyers
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.member_rfm where rfm_window = 'lifetime';

-- name: repeat_buyers
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.member_rfm where rfm_window = 'lifetime' and order_count >= 2;

-- name: orders_without_items
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen
from marts.fct_orders where order_key not in (select order_key from marts.fct_order_lines);

-- name: items_without_category
select count(*) as rows_counted, cast(sum(line_amount) * 100 as bigint) as fen
from marts.fct_order_lines
inner join marts.dim_products using (product_key)
where category is null;

-- table: statuses
select
    order_status as status,
    count(*) as orders,
    coalesce(sum(paid_amount) filter (where is_paid), 0) as gross,
    sum(refunded_amount) as refunds
from marts.fct_orders
group by order_status
order by order_status;

-- table: states
select
    dim_members.province as state,
    count(*) as orders,
    count(distinct fct_orders.member_id) as persons,
    sum(fct_orders.net_amount) as net
from marts.fct_orders
inner join marts.dim_members using (member_id)
where fct_orders.is_valid
group by dim_members.province
order by dim_members.province;
