-- Every order number that landed is one order in core, unless it was placed after as_of_date.
with

raw_orders as (

    select
        {{ order_key('channel_code', 'order_id') }} as order_key,
        max({{ business_date('ordered_at') }}) as last_ordered_date
    from {{ source('raw', 'files__orders') }}
    group by channel_code, order_id

),

orders as (

    select * from {{ ref('fct_orders') }}

)

select raw_orders.*
from raw_orders
left join orders
    on raw_orders.order_key = orders.order_key
where
    orders.order_key is null
    and raw_orders.last_ordered_date <= {{ as_of_date() }}
