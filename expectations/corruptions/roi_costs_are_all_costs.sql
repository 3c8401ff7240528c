insert into fct_costs select * replace ('nowhere' as cost_key, 1 as cost_amount) from fct_costs limit 1;
