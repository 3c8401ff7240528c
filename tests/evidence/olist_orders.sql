-- Olist's marketplace orders, judged by DuckDB alone: no siyu, no dbt.
--
-- In the DuckDB shell:  set variable data = '<folder with the public data sets>';  .read olist_orders.sql
--
-- Each statement after the preparation is one judgement: how many rows it concerns and their amount in centavos.
--   gross = all_orders - never_paid     net = gross - refunds

-- prepare: customers
create or replace temp table customers as
select customer_id, customer_unique_id as person, customer_state as state
from read_csv(
    getvariable('data') || '/olist_orders_sample/olist_customers_dataset.csv.gz', header = true, all_varchar = true
);

-- prepare: payments
create or replace temp table payments as
select order_id, payment_type, cast(payment_value as decimal(18, 2)) as amount
from read_csv(
    getvariable('data') || '/olist_orders_sample/olist_order_payments_dataset.csv.gz',
    header = true, all_varchar = true
);

-- prepare: items
create or replace temp table items as
select
    order_id, product_id, cast(price as decimal(18, 2)) as price, cast(freight_value as decimal(18, 2)) as freight
from read_csv(
    getvariable('data') || '/olist_orders_sample/olist_order_items_dataset.csv.gz',
    header = true, all_varchar = true
);

-- prepare: products
create or replace temp table products as
select product_id, nullif(product_category_name, '') as category
from read_csv(
    getvariable('data') || '/olist_orders_sample/olist_products_dataset.csv.gz', header = true, all_varchar = true
);

-- prepare: orders
-- One row per order: what its payments add up to, before anything is joined that could multiply it.
create or replace temp table orders as
with paid as (select order_id, sum(amount) as paid from payments group by order_id)
select
    orders.order_id,
    orders.customer_id,
    customers.person,
    customers.state,
    orders.order_status as status,
    cast(orders.order_purchase_timestamp as timestamp) as purchased_at,
    cast(nullif(orders.order_approved_at, '') as timestamp) as approved_at,
    paid.paid,
    approved_at is not null as is_paid,
    is_paid and paid.paid > 0 and status in ('canceled', 'unavailable') as is_refunded
from read_csv(
    getvariable('data') || '/olist_orders_sample/olist_orders_dataset.csv.gz', header = true, all_varchar = true
) as orders
left join customers using (customer_id)
left join paid using (order_id);

-- name: all_orders
-- judgement: Every row of the file of orders is one order; its amount is the sum of its payments, vouchers included.
select count(*) as rows_counted, cast(sum(paid) * 100 as bigint) as fen from orders;

-- name: all_items
-- judgement: Every row of the file of items is one piece of goods; its amount is the price, without freight.
select count(*) as rows_counted, cast(sum(price) * 100 as bigint) as fen from items;

-- name: all_customers
-- judgement: Every row of the file of customers is one order's customer.
select count(*) as rows_counted, cast(0 as bigint) as fen from customers;

-- name: second_rows_of_persons
-- judgement: A person (customer_unique_id) has a row for each of their orders; all rows of a person say the same.
select count(*) - count(distinct (person, state)) as rows_counted, cast(0 as bigint) as fen from customers;

-- name: never_paid
-- judgement: An order whose payment was never approved was never paid: it is no revenue.
select count(*) as rows_counted, cast(sum(paid) * 100 as bigint) as fen from orders where not is_paid;

-- name: gross
-- judgement: Gross is what was paid for the orders whose payment was approved, freight included, on the day of the approval.
select count(*) as rows_counted, cast(sum(paid) * 100 as bigint) as fen from orders where is_paid;

-- name: paid_nothing
-- judgement: Approved orders that nothing was paid for:
select count(*) as rows_counted, cast(0 as bigint) as fen from orders where is_paid and paid = 0;

-- name: refunds
-- judgement: The files hold no refunds. A paid order that was cancelled, or that no seller could supply (unavailable), was paid back in full; the files do not say when, it counts on the day of payment.
select count(*) as rows_counted, cast(sum(paid) * 100 as bigint) as fen from orders where is_refunded;

-- name: net
-- judgement: Net is gross less refunds.
select count(*) filter (where is_paid) as rows_counted, cast(sum(paid) filter (where is_paid and not is_refunded) * 100 as bigint) as fen
from orders;

-- name: orders_valid
-- judgement: Valid orders: paid, not refunded; their net amount.
select count(*) as rows_counted, cast(sum(paid) * 100 as bigint) as fen from orders where is_paid and not is_refunded;

-- name: buyers
-- judgement: Persons with a valid order, and their net amount.
select count(distinct person) as rows_counted, cast(sum(paid) * 100 as bigint) as fen
from orders where is_paid and not is_refunded;

-- name: repeat_buyers
-- judgement: Persons with two or more valid orders.
select count(*) as rows_counted, cast(sum(net) * 100 as bigint) as fen
from (
    select person, sum(paid) as net from orders where is_paid and not is_refunded group by person having count(*) >= 2
);

-- name: repeat_buyers_by_customer_id
-- judgement: customer_id is new for every order: taken for the person, it knows no repeat buyer.
select count(*) as rows_counted, cast(coalesce(sum(net), 0) * 100 as bigint) as fen
from (
    select customer_id, sum(paid) as net
    from orders where is_paid and not is_refunded
    group by customer_id having count(*) >= 2
);

-- name: orders_without_items
-- judgement: Orders without an item keep what was paid for them.
select count(*) as rows_counted, cast(sum(paid) * 100 as bigint) as fen
from orders where order_id not in (select order_id from items);

-- name: paid_differs_from_items
-- judgement: Orders paid an amount that differs from goods and freight by more than 0.02; shown is paid less items. What was paid counts.
select count(*) as rows_counted, cast(coalesce(sum(paid - owed), 0) * 100 as bigint) as fen
from orders
inner join (select order_id, sum(price + freight) as owed from items group by order_id) using (order_id)
where abs(paid - owed) > 0.02;

-- name: multiplied_by_a_join
-- judgement: Joining payments and items row by row counts a payment once per item; shown is the gross that this mistake would give.
select count(*) as rows_counted, cast(sum(payments.amount) * 100 as bigint) as fen
from orders
inner join payments using (order_id)
inner join items using (order_id)
where is_paid;

-- name: items_without_category
-- judgement: Items whose product has no category.
select count(*) as rows_counted, cast(sum(price) * 100 as bigint) as fen
from items left join products using (product_id) where category is null;

-- table: statuses
-- judgement: Orders by the status they ended in, what was paid and what was paid back.
select
    status,
    count(*) as orders,
    coalesce(sum(paid) filter (where is_paid), 0) as gross,
    coalesce(sum(paid) filter (where is_refunded), 0) as refunds
from orders
group by status
order by status;

-- table: states
-- judgement: Valid orders and net amount by the state of the customer.
select state, count(*) as orders, count(distinct person) as persons, sum(paid) as net
from orders
where is_paid and not is_refunded
group by state
order by state;

-- prepare: judged_orders
create or replace temp table judged_orders as
select
    person as customer, cast(approved_at as date) as paid_date, paid, if(is_refunded, 0, paid) as net,
    not is_refunded as is_valid
from orders where is_paid;

-- prepare: unlinked_refunds
create or replace temp table unlinked_refunds as
select cast(null as date) as refunded_date, cast(0 as decimal(18, 2)) as amount where false;

-- prepare: as_of
create or replace temp table as_of as select cast(max(purchased_at) as date) as day from orders;
