update fct_orders set is_valid = true where order_key = (
    select min(order_key) from fct_orders where not is_paid and member_id = 'unknown'
);
