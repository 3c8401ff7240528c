create temp table hit as select min(order_key) as order_key from fct_orders where not is_paid;
update fct_orders set paid_amount = -1, refunded_amount = -1 from hit
where fct_orders.order_key = hit.order_key;
insert into fct_refunds select * replace (
    'nowhere|r' as refund_key, (select order_key from hit) as order_key,
    -1 as applied_amount, true as is_excluded
) from fct_refunds limit 1;
