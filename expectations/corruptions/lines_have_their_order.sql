insert into fct_order_lines select * replace ('nowhere|o|1' as order_line_key, 'nowhere|o' as order_key)
from fct_order_lines limit 1;
