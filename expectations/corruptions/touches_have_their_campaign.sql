insert into fct_touches select * replace (
    'nowhere' as touch_key, 'nowhere' as campaign_code, true as is_holdout
) from fct_touches limit 1;
