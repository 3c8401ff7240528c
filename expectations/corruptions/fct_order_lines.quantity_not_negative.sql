update fct_order_lines set quantity = -1
where order_line_key = (select min(order_line_key) from fct_order_lines);
