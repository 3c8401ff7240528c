{{ config(materialized='table') }}

with

customers as (

    select * from {{ ref('int_customers_conformed') }}

),

orders as (

    select * from {{ ref('int_orders_joined_to_lines') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

points_changes as (

    select * from {{ ref('fct_points') }}

),

feedback as (

    select * from {{ ref('fct_feedback') }}

),

customers_dated as (

    select
        *,
        {{ business_date('enrolled_at') }} as enrolled_date,
        {{ business_date('unenrolled_at') }} as unenrolled_date,
        {{ business_date('added_at') }} as added_date,
        {{ business_date('registered_at') }} as registered_date
    from customers
    where not is_excluded

),

-- whose word on the brand is taken: the customer record's, then the orders', then the rest
sightings as (

    select
        member_id,
        brand_code,
        channel_code,
        1 as source_rank
    from customers_dated
    where
        coalesce(least(registered_date, enrolled_date, added_date), {{ as_of_date() }})
        <= {{ as_of_date() }}

    union all

    select
        member_id,
        min(brand_code) as brand_code,
        min(channel_code) as channel_code,
        2 as source_rank
    from orders
    where member_id <> 'unknown'
    group by member_id

    union all

    select
        member_id,
        min(brand_code) as brand_code,
        min(channel_code) as channel_code,
        3 as source_rank
    from refunds
    where member_id <> 'unknown'
    group by member_id

    union all

    select
        member_id,
        min(brand_code) as brand_code,
        min(channel_code) as channel_code,
        4 as source_rank
    from touches
    group by member_id

    union all

    select
        member_id,
        min(brand_code) as brand_code,
        min(channel_code) as channel_code,
        5 as source_rank
    from points_changes
    group by member_id

    union all

    select
        member_id,
        min(brand_code) as brand_code,
        min(channel_code) as channel_code,
        6 as source_rank
    from feedback
    where member_id <> 'unknown'
    group by member_id

),

sightings_ranked as (

    select
        *,
        row_number() over (partition by member_id order by source_rank) as sighting_rank
    from sightings

),

gathered as (

    select
        sightings_ranked.member_id,
        sightings_ranked.brand_code,
        sightings_ranked.channel_code,
        customers_dated.province,
        case
            when customers_dated.enrolled_date <= {{ as_of_date() }}
                then customers_dated.enrolled_at
        end as enrolled_at,
        case
            when customers_dated.unenrolled_date <= {{ as_of_date() }}
                then customers_dated.unenrolled_at
        end as unenrolled_at,
        case
            when customers_dated.added_date <= {{ as_of_date() }}
                then customers_dated.added_at
        end as added_at
    from sightings_ranked
    left join customers_dated
        on sightings_ranked.member_id = customers_dated.member_id
    where sightings_ranked.sighting_rank = 1

)

select * from gathered
