update fct_touches set touched_date = touched_date + 4000
where touch_key = (select min(touch_key) from fct_touches);
