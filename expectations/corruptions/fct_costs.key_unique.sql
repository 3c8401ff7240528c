insert into fct_costs select * replace (0 as cost_amount) from fct_costs limit 1;
