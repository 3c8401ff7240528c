-- Tmall orders of February 2020, judged by DuckDB alone: no siyu, no dbt.
--
-- In the DuckDB shell:  set variable data = '<folder with the public data sets>';  .read tmall_orders.sql
--
-- Each statement after the preparation is one judgement: how many orders it concerns and their amount in fen.
--   gross = all_orders - never_paid     net = gross - refunds

-- prepare: orders
-- DuckDB drops the blanks behind two of the header's names.
create or replace temp table orders as
select
    "订单编号" as order_id,
    cast("总金额" as decimal(18, 2)) as total,
    cast("买家实际支付金额" as decimal(18, 2)) as kept,
    cast("订单创建时间" as timestamp) as ordered_at,
    cast("订单付款时间" as timestamp) as paid_at,
    cast("退款金额" as decimal(18, 2)) as refunded
from read_csv(
    getvariable('data') || '/tmall_orders_2020_02/tmall_order_report.csv.gz', header = true, all_varchar = true
);

-- name: all_orders
-- judgement: Every row of the file is one order.
select count(*) as rows_counted, cast(sum(total) * 100 as bigint) as fen from orders;

-- name: never_paid
-- judgement: An order without a payment time was never paid: it is no revenue, whatever its amount.
select count(*) as rows_counted, cast(sum(total) * 100 as bigint) as fen from orders where paid_at is null;

-- name: gross
-- judgement: Gross is the amount (总金额) of paid orders, before refunds.
select count(*) as rows_counted, cast(sum(total) * 100 as bigint) as fen from orders where paid_at is not null;

-- name: refunds
-- judgement: Refunds (退款金额) of paid orders; the file has no refund time, they count on the order's payment day.
select count(*) as rows_counted, cast(sum(refunded) * 100 as bigint) as fen
from orders where paid_at is not null and refunded > 0;

-- name: refunds_in_full
-- judgement: Orders refunded in full are paid orders of GMV and no valid orders.
select count(*) as rows_counted, cast(sum(refunded) * 100 as bigint) as fen
from orders where paid_at is not null and refunded > 0 and refunded = total;

-- name: refunds_of_unpaid
-- judgement: No unpaid order has a refund.
select count(*) as rows_counted, cast(coalesce(sum(refunded), 0) * 100 as bigint) as fen
from orders where paid_at is null and refunded <> 0;

-- name: net
-- judgement: Net is gross less refunds.
select count(*) as rows_counted, cast(sum(total - refunded) * 100 as bigint) as fen
from orders where paid_at is not null;

-- name: not_net_of_refund
-- judgement: 买家实际支付金额 is already net: 总金额 less 退款金额 for each paid order. Orders for which it is not:
select count(*) as rows_counted, cast(coalesce(sum(kept - (total - refunded)), 0) * 100 as bigint) as fen
from orders where paid_at is not null and kept <> total - refunded;

-- name: refunded_twice
-- judgement: So taking 退款金额 off 买家实际支付金额 would take it off twice; shown is the net that this mistake would give.
select count(*) as rows_counted, cast(sum(kept - refunded) * 100 as bigint) as fen
from orders where paid_at is not null;

-- name: orders_valid
-- judgement: Valid orders: paid, not refunded in full; their net amount.
select count(*) as rows_counted, cast(sum(total - refunded) * 100 as bigint) as fen
from orders where paid_at is not null and refunded < total;

-- name: paid_after_the_month
-- judgement: Orders placed in February and paid on 1 March are February's file and March's revenue.
select count(*) as rows_counted, cast(sum(total) * 100 as bigint) as fen
from orders where paid_at >= timestamp '2020-03-01';

-- name: buyers
-- judgement: The file names no customer: there are no buyers, and no RFM.
select 0 as rows_counted, cast(0 as bigint) as fen;

-- prepare: judged_orders
create or replace temp table judged_orders as
select cast(paid_at as date) as paid_date, total as paid, total - refunded as net from orders where paid_at is not null;

-- prepare: unlinked_refunds
create or replace temp table unlinked_refunds as
select cast(null as date) as refunded_date, cast(0 as decimal(18, 2)) as amount where false;
