-- member_rfm over the lifetime has a row for each buyer, with the orders and money of fct_orders.
with

buyers as (

    select
        orders.member_id,
        count(*) as order_count,
        sum(orders.net_amount) as net_amount
    from candidate.fct_orders as orders
    where
        orders.is_valid
        and orders.member_id <> 'unknown'
    group by orders.member_id

),

lifetimes as (

    select
        member_rfm.member_id,
        member_rfm.order_count,
        member_rfm.net_amount
    from candidate.member_rfm
    where member_rfm.rfm_window = 'lifetime'

)

select coalesce(buyers.member_id, lifetimes.member_id) as member_id
from buyers
full outer join lifetimes
    on buyers.member_id = lifetimes.member_id
where
    buyers.order_count is distinct from lifetimes.order_count
    or buyers.net_amount is distinct from lifetimes.net_amount
