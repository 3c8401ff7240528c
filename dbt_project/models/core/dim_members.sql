with

members as (

    select * from {{ ref('int_members_gathered') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

valid_orders_per_member as (

    select
        member_id,
        min(paid_at) as first_order_at,
        max(paid_at) as last_order_at,
        min(paid_date) as first_order_date,
        max(paid_date) as last_order_date,
        min(channel_code) filter (where member_order_number = 1) as first_channel_code,
        count(*) as lifetime_order_count
    from orders
    where member_order_number is not null
    group by member_id

),

newest_province as (

    select
        member_id,
        province,
        row_number() over (
            partition by member_id
            order by ordered_at desc, order_key desc
        ) as recency_rank
    from orders
    where province is not null

),

known_members as (

    select
        members.member_id,
        members.brand_code,
        members.channel_code,
        true as is_known,
        coalesce(members.province, newest_province.province) as province,
        members.enrolled_at,
        members.unenrolled_at,
        members.added_at,
        valid_orders_per_member.first_order_at,
        valid_orders_per_member.last_order_at,
        valid_orders_per_member.first_channel_code,
        valid_orders_per_member.first_order_date,
        coalesce(valid_orders_per_member.lifetime_order_count, 0) as lifetime_order_count,
        {{ days_between('valid_orders_per_member.last_order_date', as_of_date()) }}
            as days_since_last_order
    from members
    left join valid_orders_per_member
        on members.member_id = valid_orders_per_member.member_id
    left join newest_province
        on
            members.member_id = newest_province.member_id
            and newest_province.recency_rank = 1

),

with_unknown as (

    select
        *,
        coalesce(days_since_last_order >= {{ var('churn_days') }}, false) as is_churned
    from known_members

    union all

    select
        'unknown' as member_id,
        null as brand_code,
        null as channel_code,
        false as is_known,
        null as province,
        null as enrolled_at,
        null as unenrolled_at,
        null as added_at,
        null as first_order_at,
        null as last_order_at,
        null as first_channel_code,
        null as first_order_date,
        0 as lifetime_order_count,
        null as days_since_last_order,
        false as is_churned

)

select * from with_unknown
