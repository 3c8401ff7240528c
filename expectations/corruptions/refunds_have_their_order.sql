insert into fct_refunds select * replace (
    'nowhere|r' as refund_key, 'nowhere|o' as order_key, 0 as applied_amount, true as is_excluded
) from fct_refunds limit 1;
