update fct_orders set refunded_amount = refunded_amount + 1, net_amount = net_amount - 1
where order_key = (select min(order_key) from fct_orders where is_paid and is_excluded and net_amount > 1);
