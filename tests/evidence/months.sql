-- Gross, refunds and net per month, of what the data set's own file has prepared:
--   judged_orders (paid_date, paid, net), of paid orders   unlinked_refunds (refunded_date, amount), of no known order

-- table: months
-- judgement: A linked refund lessens the month its order was paid in, an unlinked one the month it was paid back in.
with
paid as (
    select
        strftime(paid_date, '%Y-%m') as month, count(*) as orders, sum(paid) as gross, sum(paid - net) as refunded
    from judged_orders
    group by month
),
unlinked as (
    select strftime(refunded_date, '%Y-%m') as month, sum(amount) as refunded from unlinked_refunds group by month
)
select
    month,
    coalesce(orders, 0) as orders,
    coalesce(gross, 0) as gross,
    cast(coalesce(paid.refunded, 0) + coalesce(unlinked.refunded, 0) as decimal(18, 2)) as refunds,
    cast(gross - refunds as decimal(18, 2)) as net
from paid
full join unlinked using (month)
order by month;
