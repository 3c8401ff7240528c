create temp table hit as from fct_costs limit 1;
insert into fct_costs select * replace ('nowhere-1' as cost_key, -1 as cost_amount) from hit;
insert into fct_costs select * replace ('nowhere-2' as cost_key, 1 as cost_amount) from hit;
