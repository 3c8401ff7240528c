update fct_orders set currency_code = 'XTS'
where order_key = (select min(order_key) from fct_orders where not is_paid);
