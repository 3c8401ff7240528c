-- Valid = paid, not fully refunded, not brushing, not excluded.
select orders.order_key
from candidate.fct_orders as orders
where
    orders.is_valid is distinct from (
        orders.paid_at is not null
        and not (orders.paid_amount > 0 and orders.refunded_amount >= orders.paid_amount)
        and not orders.is_brushing
        and not orders.is_excluded
    )
