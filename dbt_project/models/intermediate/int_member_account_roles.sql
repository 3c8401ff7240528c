with

current_tags as (

    select * from {{ ref('int_member_tags') }}
    where
        is_current
        and tag_name = 'account_role'
        and tag_value in ('reseller', 'trade')

),

orders as (

    select * from {{ ref('fct_orders') }}

),

delivered as (

    select * from {{ ref('int_orders_joined_to_lines') }}
    where delivery_address_token is not null

),

-- a painter orders to the homes of customers
of_many_homes as (

    select
        orders.brand_code,
        orders.member_id,
        'trade' as account_role
    from orders
    inner join delivered
        on orders.order_key = delivered.order_key
    where
        orders.is_valid
        and orders.member_id <> 'unknown'
        and {{ days_between('orders.paid_date', as_of_date()) }} < {{ var('trade_window_days') }}
    group by orders.brand_code, orders.member_id
    having count(distinct delivered.delivery_address_token) >= {{ var('trade_home_count') }}

),

told as (

    select
        brand_code,
        member_id,
        tag_value as account_role
    from current_tags

    union all

    select
        brand_code,
        member_id,
        account_role
    from of_many_homes

),

-- who is on the dealer list is a reseller, whatever else is told
one_each as (

    select
        brand_code,
        member_id,
        min(account_role) as account_role
    from told
    group by brand_code, member_id

)

select * from one_each
