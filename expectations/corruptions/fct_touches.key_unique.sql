insert into fct_touches from fct_touches limit 1;
