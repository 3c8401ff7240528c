-- A line belongs to an order that exists.
select order_lines.order_line_key
from candidate.fct_order_lines as order_lines
anti join candidate.fct_orders as orders
    on order_lines.order_key = orders.order_key
