-- Orders that were published before keep their order of magnitude, per channel: twenty times more or less at the
-- median is another unit (fen for yuan is a hundred times), not a correction.
with

both_nights as (

    select
        orders.channel_code,
        median(orders.paid_amount) as amount,
        median(earlier.paid_amount) as earlier_amount
    from candidate.fct_orders as orders
    inner join previous.fct_orders as earlier
        on orders.order_key = earlier.order_key
    group by orders.channel_code

)

select both_nights.channel_code
from both_nights
where
    both_nights.earlier_amount > 0
    and both_nights.amount / both_nights.earlier_amount not between 1.0 / 20 and 20
