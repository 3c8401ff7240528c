delete from fct_order_lines where hash(order_line_key) % 3 <> 0;
