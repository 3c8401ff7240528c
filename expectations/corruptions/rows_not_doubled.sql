insert into fct_order_lines
select lines.* replace (lines.order_line_key || '|' || copies.copy as order_line_key)
from fct_order_lines as lines, (values ('a'), ('b')) as copies (copy);
