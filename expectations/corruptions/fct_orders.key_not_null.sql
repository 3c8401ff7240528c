insert into fct_orders select * replace (null as order_key)
from fct_orders where not is_paid order by order_key limit 1;
