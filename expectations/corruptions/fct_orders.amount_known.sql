update fct_orders set paid_amount = null
where order_key = (select min(order_key) from fct_orders where not is_paid);
