-- Per order: refunded = what its refunds applied to it.
with

refunds_per_order as (

    select
        refunds.order_key,
        sum(refunds.applied_amount) as applied_amount
    from candidate.fct_refunds as refunds
    where refunds.order_key is not null
    group by refunds.order_key

)

select orders.order_key
from candidate.fct_orders as orders
left join refunds_per_order
    on orders.order_key = refunds_per_order.order_key
where orders.refunded_amount is distinct from coalesce(refunds_per_order.applied_amount, 0)
