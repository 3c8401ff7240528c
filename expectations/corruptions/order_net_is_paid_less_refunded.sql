update fct_orders set net_amount = net_amount + 1
where order_key = (select min(order_key) from fct_orders where not is_paid);
