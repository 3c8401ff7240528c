-- A channel that had orders in the previous publication still has its history; closing one erases nothing.
select
    earlier.brand_code,
    earlier.channel_code
from previous.fct_orders as earlier
cross join audit.night
where
    night.as_of_date >= night.previous_as_of_date
    and not exists (
        select orders.order_key
        from candidate.fct_orders as orders
        where
            orders.brand_code = earlier.brand_code
            and orders.channel_code = earlier.channel_code
    )
group by
    earlier.brand_code,
    earlier.channel_code
