create temp table hit as
select order_key, paid_amount + 1 as amount from fct_orders where not is_paid order by order_key limit 1;
update fct_orders set refunded_amount = hit.amount from hit where fct_orders.order_key = hit.order_key;
insert into fct_refunds select * replace (
    'nowhere|r' as refund_key, (select order_key from hit) as order_key,
    (select amount from hit) as applied_amount, true as is_excluded
) from fct_refunds limit 1;
