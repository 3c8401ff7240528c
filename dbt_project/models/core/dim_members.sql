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

-- where the person bought most often of late, else where they bought last
stores_per_member as (

    select
        member_id,
        store_code,
        count(*) filter (
            where {{ days_between('paid_date', as_of_date()) }} < {{ var('home_store_days') }}
        ) as order_count,
        max(paid_at) as last_order_at
    from orders
    where
        member_order_number is not null
        and store_code is not null
    group by member_id, store_code

),

stores_ranked as (

    select
        member_id,
        store_code,
        row_number() over (
            partition by member_id
            order by order_count desc, last_order_at desc, store_code asc
        ) as store_rank
    from stores_per_member

),

known_members as (

    select
        members.member_id,
        members.brand_code,
        members.channel_code,
        true as is_known,
        coalesce(members.province, newest_province.province) as province,
        case
            when members.province is not null then 'customer'
            when newest_province.province is not null then 'order'
        end as province_source,
        stores_ranked.store_code as home_store_code,
        members.owner_guide_key,
        members.first_seen_date,
        members.last_seen_date,
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
    left join stores_ranked
        on
            members.member_id = stores_ranked.member_id
            and stores_ranked.store_rank = 1

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
        null as province_source,
        null as home_store_code,
        null as owner_guide_key,
        null as first_seen_date,
        null as last_seen_date,
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
