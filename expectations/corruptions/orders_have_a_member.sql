update fct_orders set member_id = 'm00000000000000000000'
where order_key = (select min(order_key) from fct_orders where not is_paid);
