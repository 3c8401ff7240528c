-- UCI Online Retail, both years, judged by DuckDB alone: no siyu, no dbt.
--
-- In the DuckDB shell:  set variable data = '<folder with the public data sets>';  .read uci_online_retail.sql
--
-- Each statement after the preparation is one judgement: how many rows (or orders, or persons) it concerns and
-- their amount in fen (here: pence). Amounts keep the sign of the file, so that
--   goods_sold = all_rows - second_copies - cancellations - bad_debt - tests - non_goods - stock_adjustments - zero_prices
-- holds for counts and for amounts. Prices are read from the shortest decimal text of the stored double, and each
-- line is rounded half up to the penny before anything is added.

-- prepare: rows_of_both_files
create or replace temp table file_rows as
with both_files as (
    select
        2009 as file_year, file_row_number, Invoice as invoice, StockCode as stock_code, Quantity as quantity,
        InvoiceDate as invoiced_at, Price as price, "Customer ID" as customer
    from read_parquet(
        getvariable('data') || '/uci_online_retail/online_retail_ii_2009_2010.parquet', file_row_number = true
    )
    union all
    select
        2010, file_row_number, InvoiceNo, StockCode, Quantity, InvoiceDate, UnitPrice, CustomerID
    from read_parquet(
        getvariable('data') || '/uci_online_retail/online_retail_2010_2011.parquet', file_row_number = true
    )
)
select
    file_year,
    invoice,
    row_number() over (partition by file_year, invoice order by file_row_number) as line_number,
    upper(trim(stock_code)) as product,
    quantity,
    cast(invoiced_at as timestamp) as invoiced_at,
    cast(cast(price as varchar) as decimal(18, 6)) as unit_price,
    cast(round(quantity * cast(cast(price as varchar) as decimal(18, 6)), 2) as decimal(18, 2)) as amount,
    cast(cast(customer as bigint) as varchar) as customer
from both_files;

-- prepare: each_row_once
-- 1,088 invoices of the first days of December 2010 are in both files, line for line: the second copy is no sale.
create or replace temp table lines as
select
    *,
    case
        when file_year = 2010 and invoice in (select invoice from file_rows where file_year = 2009) then 'second_copy'
        when invoice like 'C%' then 'cancellation'
        when invoice like 'A%' then 'bad_debt'
        when product like 'TEST%' then 'test'
        when product in (
            'POST', 'DOT', 'C2', 'C3', 'M', 'D', 'S', 'B', 'CRUK', 'ADJUST', 'ADJUST2', 'AMAZONFEE', 'BANK CHARGES'
        ) or product like 'GIFT%' then 'non_goods'
        when quantity < 0 then 'stock_adjustment'
        when unit_price = 0 then 'zero_price'
        else 'goods'
    end as judgement
from file_rows;

-- name: all_rows
-- judgement: Every row of both files.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen from lines;

-- name: second_copies
-- judgement: The years overlap: an invoice that is in both files counts once.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'second_copy';

-- name: cancellations
-- judgement: Lines of invoices that begin with C are refunds, never negative sales.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'cancellation';

-- name: bad_debt
-- judgement: Lines of invoices that begin with A adjust bad debt: accounting, no sale.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'bad_debt';

-- name: tests
-- judgement: Product codes that begin with TEST are the shop's own trials.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'test';

-- name: non_goods
-- judgement: Postage, carriage, manual entries, discounts, samples, fees, commissions, adjustments and gift vouchers are no goods.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'non_goods';

-- name: stock_adjustments
-- judgement: Negative quantities outside cancellations (all at price zero) correct the stock.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'stock_adjustment';

-- name: zero_prices
-- judgement: Goods at price zero are gifts or corrections: no sale, no buyer.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'zero_price';

-- name: goods_sold
-- judgement: What is left is goods sold: the gross amount.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from lines where judgement = 'goods';

-- name: exact_repeats
-- judgement: A line that repeats another line of its invoice in every field may be a second scan of a second piece: it stays. Shown is what removing it would take away.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from (
    select
        amount,
        row_number() over (
            partition by invoice, product, quantity, invoiced_at, unit_price, customer order by line_number
        ) as copy
    from lines where judgement = 'goods'
)
where copy > 1;

-- name: sub_penny_lines
-- judgement: Goods whose price has a third decimal round to the penny line by line; shown is what they add to gross.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from lines where judgement = 'goods' and unit_price <> round(unit_price, 2);

-- prepare: refunds
-- A cancelled line is a refund of quantity times price, positive; of non-goods and tests it does not count.
create or replace temp table refunds as
select
    invoice || '|' || line_number as refund,
    customer,
    product,
    -quantity as quantity,
    unit_price,
    -amount as amount,
    invoiced_at as refunded_at,
    case
        when product like 'TEST%' then 'test'
        when product in (
            'POST', 'DOT', 'C2', 'C3', 'M', 'D', 'S', 'B', 'CRUK', 'ADJUST', 'ADJUST2', 'AMAZONFEE', 'BANK CHARGES'
        ) or product like 'GIFT%' then 'non_goods'
        else 'goods'
    end as judgement
from lines where judgement = 'cancellation';

-- prepare: orders
-- One invoice is one order, paid when it was written; its first line's time is its time.
create or replace temp table orders as
select invoice, any_value(customer) as customer, min(invoiced_at) as paid_at, sum(amount) as paid
from lines where judgement = 'goods' group by invoice;

-- prepare: matched_refunds
-- Of the same customer, product and price, the latest earlier line that sold at least as many; of several in one
-- moment the greatest invoice, then the first line. A line takes back no more than it sold: the refund that
-- would exceed it, and those after it, match nothing.
create or replace temp table matched_refunds as
with candidates as (
    select
        refunds.refund, refunds.refunded_at, refunds.quantity, refunds.amount,
        sold.invoice, sold.line_number, sold.quantity as sold_quantity,
        row_number() over (
            partition by refunds.refund order by orders.paid_at desc, sold.invoice desc, sold.line_number
        ) as candidate
    from refunds
    inner join lines as sold
        on sold.judgement = 'goods' and sold.customer = refunds.customer and sold.product = refunds.product
        and sold.unit_price = refunds.unit_price and sold.quantity >= refunds.quantity
    inner join orders on sold.invoice = orders.invoice and orders.paid_at <= refunds.refunded_at
    where refunds.judgement = 'goods' and refunds.quantity > 0
),
counted as (
    select
        *,
        sum(quantity) over (
            partition by invoice, line_number order by refunded_at, refund rows unbounded preceding
        ) as returned
    from candidates where candidate = 1
)
select refund, invoice, amount, returned <= sold_quantity as is_matched from counted;

-- name: cancelled_tests
-- judgement: Cancelled trials of the shop are no refund of goods.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from refunds where judgement = 'test';

-- name: cancelled_non_goods
-- judgement: Cancelled postage, fees, manual entries, discounts and adjustments are no refund of goods.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from refunds where judgement = 'non_goods';

-- name: refunds
-- judgement: Cancelled lines of goods are refunds.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from refunds where judgement = 'goods';

-- name: refunds_matched
-- judgement: The file does not name the order a cancellation pays back; the latest earlier line of the same customer, product and price with enough units does.
select count(*) as rows_counted, cast(sum(amount) * 100 as bigint) as fen
from matched_refunds where is_matched;

-- name: refunds_without_customer
-- judgement: A cancellation without a customer cannot be matched: it reduces the day it was paid back and no order.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from refunds where judgement = 'goods' and customer is null;

-- name: refunds_without_original
-- judgement: A cancellation whose sale is not in the files (or sold fewer, or at another price) stays unlinked as well.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from refunds
where judgement = 'goods' and customer is not null and refund not in (select refund from matched_refunds);

-- name: refunds_beyond_the_line
-- judgement: A cancellation that would take back more than its line sold stays unlinked.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from matched_refunds where not is_matched;

-- name: refunds_unlinked
-- judgement: The last two together: refunds of known customers that reduce the day they were paid back, and no order.
select count(*) as rows_counted, cast(coalesce(sum(amount), 0) * 100 as bigint) as fen
from refunds
where
    judgement = 'goods' and customer is not null
    and refund not in (select refund from matched_refunds where is_matched);

-- prepare: judged_orders
create or replace temp table judged_orders as
with matched as (
    select invoice, sum(amount) as amount from matched_refunds where is_matched group by invoice
)
select
    invoice,
    customer,
    cast(paid_at as date) as paid_date,
    paid,
    coalesce(matched.amount, 0) as matched,
    paid - least(coalesce(matched.amount, 0), paid) as net,
    paid > 0 and coalesce(matched.amount, 0) >= paid as is_fully_refunded,
    not is_fully_refunded as is_valid
from orders
left join matched using (invoice);

-- name: refunds_above_the_order
-- judgement: No order is refunded more than was paid for it; shown is what the matched lines would take beyond that.
select count(*) as rows_counted, cast(coalesce(sum(matched - paid), 0) * 100 as bigint) as fen
from judged_orders where matched > paid;

-- name: orders
-- judgement: Orders with goods, and their gross amount.
select count(*) as rows_counted, cast(sum(paid) * 100 as bigint) as fen from judged_orders;

-- name: orders_fully_refunded
-- judgement: Orders whose goods all came back are not valid orders.
select count(*) as rows_counted, cast(coalesce(sum(paid), 0) * 100 as bigint) as fen
from judged_orders where is_fully_refunded;

-- name: orders_valid
-- judgement: Valid orders, and their net amount.
select count(*) as rows_counted, cast(sum(net) * 100 as bigint) as fen
from judged_orders where not is_fully_refunded;

-- name: orders_without_customer
-- judgement: Orders without a customer stay in revenue and belong to nobody.
select count(*) as rows_counted, cast(sum(net) * 100 as bigint) as fen
from judged_orders where customer is null and not is_fully_refunded;

-- name: net
-- judgement: Net revenue: gross less every refund of goods, matched or not.
select
    (select count(*) from judged_orders) as rows_counted,
    cast((
        (select sum(net) from judged_orders)
        - (select sum(amount) from refunds
           where judgement = 'goods' and refund not in (select refund from matched_refunds where is_matched))
    ) * 100 as bigint) as fen;

-- name: buyers
-- judgement: Persons with a valid order, and their net amount.
select count(distinct customer) as rows_counted, cast(sum(net) * 100 as bigint) as fen
from judged_orders where not is_fully_refunded and customer is not null;

-- prepare: unlinked_refunds
create or replace temp table unlinked_refunds as
select cast(refunded_at as date) as refunded_date, amount
from refunds
where judgement = 'goods' and refund not in (select refund from matched_refunds where is_matched);

-- prepare: as_of
create or replace temp table as_of as select max(paid_date) as day from judged_orders;
