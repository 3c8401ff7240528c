-- One row per table and reason: what landed and counts in no figure, and refunds that reduce none.
select
    'fct_orders' as model,
    exclusion_reason as reason,
    count(*) as row_count,
    sum(paid_amount) as amount
from fct_orders
where is_excluded
group by exclusion_reason

union all

select
    'fct_order_lines' as model,
    exclusion_reason as reason,
    count(*) as row_count,
    sum(line_amount) as amount
from fct_order_lines
where is_excluded
group by exclusion_reason

union all

select
    'fct_refunds' as model,
    exclusion_reason as reason,
    count(*) as row_count,
    sum(refund_amount) as amount
from fct_refunds
where is_excluded
group by exclusion_reason

union all

select
    'fct_orders' as model,
    'refund_excess' as reason,
    count(*) as row_count,
    sum(refund_excess_amount) as amount
from fct_orders
where refund_excess_amount > 0
having count(*) > 0

order by model, reason
