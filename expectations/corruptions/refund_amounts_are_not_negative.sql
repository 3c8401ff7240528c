insert into fct_refunds select * replace (
    'nowhere|r' as refund_key, null as order_key,
    -1 as refund_amount, 0 as applied_amount, false as is_excluded
) from fct_refunds limit 1;
