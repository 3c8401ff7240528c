-- What refunds take off an order is never more than was paid, and what the order says they do.
with

orders as (

    select * from {{ ref('fct_orders') }}

),

applied_per_order as (

    select
        order_key,
        sum(applied_amount) as applied_amount
    from {{ ref('fct_refunds') }}
    where order_key is not null
    group by order_key

),

compared as (

    select
        orders.order_key,
        orders.paid_amount,
        orders.refunded_amount,
        coalesce(applied_per_order.applied_amount, 0) as applied_amount
    from orders
    left join applied_per_order
        on orders.order_key = applied_per_order.order_key

)

select *
from compared
where
    refunded_amount <> applied_amount
    or refunded_amount > greatest(paid_amount, 0)
