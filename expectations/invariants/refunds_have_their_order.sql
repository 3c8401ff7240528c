-- A refund that names an order names one that exists.
select refunds.refund_key
from candidate.fct_refunds as refunds
anti join candidate.fct_orders as orders
    on refunds.order_key = orders.order_key
where refunds.order_key is not null
