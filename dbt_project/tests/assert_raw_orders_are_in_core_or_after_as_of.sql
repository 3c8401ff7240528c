-- Every order number that landed, from a file or a platform, is one order in core, unless it was
-- placed after as_of_date.
{% set platforms = ['taobao', 'youzan'] | select('in', var('channels')) | list %}
{% set channels = ['files'] + platforms %}

with

landed as (

    {% for channel in channels %}
        select
            channel_code,
            order_id,
            ordered_at
        from {{ source('raw', channel ~ '__orders') }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

raw_orders as (

    select
        {{ order_key('channel_code', 'order_id') }} as order_key,
        max({{ business_date('ordered_at') }}) as last_ordered_date
    from landed
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
