-- Per order: net = paid - refunded once it is paid, else nothing.
select orders.order_key
from candidate.fct_orders as orders
where
    orders.net_amount is distinct from
    case when orders.is_paid then orders.paid_amount - orders.refunded_amount else 0 end
