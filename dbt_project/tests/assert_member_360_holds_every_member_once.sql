{{ config(group='analytics') }}

-- member_360 has every known person of dim_members, with the net revenue of all valid orders.
with

members_wide as (

    select
        count(*) as member_count,
        coalesce(sum(lifetime_order_count), 0) as order_count,
        coalesce(sum(lifetime_net_amount), 0) as net_amount
    from {{ ref('member_360') }}

),

members as (

    select count(*) as member_count
    from {{ ref('dim_members') }}
    where is_known

),

orders as (

    select
        count(*) as order_count,
        coalesce(sum(net_amount), 0) as net_amount
    from {{ ref('fct_orders') }}
    where member_order_number is not null

)

select
    members_wide.*,
    members.member_count as expected_member_count,
    orders.order_count as expected_order_count,
    orders.net_amount as expected_net_amount
from members_wide
cross join members
cross join orders
where
    members_wide.member_count <> members.member_count
    or members_wide.order_count <> orders.order_count
    or members_wide.net_amount <> orders.net_amount
