update fct_touches set member_id = 'm00000000000000000000'
where touch_key = (select min(touch_key) from fct_touches);
