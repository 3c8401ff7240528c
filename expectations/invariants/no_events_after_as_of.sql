-- Nothing has happened after the last business day.
with

events as (

    select orders.order_key as row_key, greatest(orders.ordered_date, orders.paid_date) as event_date
    from candidate.fct_orders as orders

    union all

    select refunds.refund_key as row_key, refunds.refunded_date as event_date
    from candidate.fct_refunds as refunds

    union all

    select touches.touch_key as row_key, touches.touched_date as event_date
    from candidate.fct_touches as touches

    union all

    select costs.cost_key as row_key, costs.cost_date as event_date
    from candidate.fct_costs as costs

)

select events.row_key
from events
cross join audit.night
where events.event_date > night.as_of_date
