-- Orders that are new since the previous publication are not twenty times as dear as those before them, per
-- channel, at the median of at least twenty. Only upwards: a day of samples for one yuan is lawful.
with

earlier_amounts as (

    select
        earlier.channel_code,
        median(earlier.paid_amount) as amount
    from previous.fct_orders as earlier
    group by earlier.channel_code
    having count(*) >= 20

),

new_amounts as (

    select
        orders.channel_code,
        median(orders.paid_amount) as amount
    from candidate.fct_orders as orders
    anti join previous.fct_orders as earlier
        on orders.order_key = earlier.order_key
    group by orders.channel_code
    having count(*) >= 20

)

select new_amounts.channel_code
from new_amounts
inner join earlier_amounts
    on new_amounts.channel_code = earlier_amounts.channel_code
where
    earlier_amounts.amount > 0
    and new_amounts.amount > earlier_amounts.amount * 20
