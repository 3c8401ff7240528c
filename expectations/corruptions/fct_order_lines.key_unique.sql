insert into fct_order_lines from fct_order_lines limit 1;
