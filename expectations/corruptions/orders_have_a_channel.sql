update fct_orders set channel_code = 'nowhere'
where order_key = (select min(order_key) from fct_orders where not is_paid);
