insert into fct_orders
select * replace ('new|' || order_key as order_key, paid_amount * 100 + 1000 as paid_amount)
from fct_orders where not is_paid;
