with

touches as (

    select * from {{ ref('fct_touches') }}
    where
        member_id <> 'unknown'
        and not is_holdout
        and touch_purpose in ('service', 'sales')

),

orders as (

    select * from {{ ref('fct_orders') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

first_private_orders as (

    select
        orders.member_id,
        min(orders.paid_at) as paid_at
    from orders
    inner join channels
        on
            orders.brand_code = channels.brand_code
            and orders.channel_code = channels.channel_code
    where
        orders.is_paid
        and orders.member_id <> 'unknown'
        and channels.domain_type = 'private'
    group by orders.member_id

),

nurtured as (

    select
        touches.member_id,
        any_value(first_private_orders.paid_at) is null as is_open,
        count(*) filter (where touches.touch_purpose = 'service') as service_touch_count,
        count(*) filter (where touches.touch_purpose = 'sales') as sales_touch_count
    from touches
    left join first_private_orders
        on touches.member_id = first_private_orders.member_id
    where coalesce(touches.touched_at < first_private_orders.paid_at, true)
    group by touches.member_id

)

select * from nurtured
