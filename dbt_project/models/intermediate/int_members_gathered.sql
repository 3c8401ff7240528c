{{ config(materialized='table') }}

with

customers as (

    select * from {{ ref('int_customers_conformed') }}

),

sightings as (

    select * from {{ ref('int_member_sightings') }}

),

relations as (

    select * from {{ ref('fct_relations') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

customers_dated as (

    select
        customers.province,
        customers.enrolled_at,
        customers.unenrolled_at,
        customers.added_at,
        customers.updated_at,
        customers.customer_key,
        coalesce(members_of_customers.member_id, customers.customer_key) as member_id,
        {{ business_date('customers.enrolled_at') }} as enrolled_date,
        {{ business_date('customers.unenrolled_at') }} as unenrolled_date,
        {{ business_date('customers.added_at') }} as added_date
    from customers
    left join members_of_customers
        on customers.customer_key = members_of_customers.customer_key
    where not customers.is_excluded

),

-- what happened after as_of_date has not happened
customers_known as (

    select
        *,
        case when enrolled_date <= {{ as_of_date() }} then enrolled_at end as known_enrolled_at,
        case when unenrolled_date <= {{ as_of_date() }} then unenrolled_at end
            as known_unenrolled_at,
        case when added_date <= {{ as_of_date() }} then added_at end as known_added_at,
        row_number() over (
            partition by member_id
            order by (province is not null) desc, updated_at desc nulls last, customer_key asc
        ) as province_rank
    from customers_dated

),

-- of several memberships the first begins the person's, and the last that ends ends it
customers_per_member as (

    select
        member_id,
        max(case when province_rank = 1 then province end) as province,
        min(known_enrolled_at) as enrolled_at,
        case
            when count(known_enrolled_at) <= count(known_unenrolled_at)
                then max(known_unenrolled_at)
        end as unenrolled_at,
        min(known_added_at) as added_at
    from customers_known
    group by member_id

),

-- the first friendship of which the source says when it began
friends_added as (

    select
        member_id,
        min(started_at) as added_at
    from relations
    where
        relation_type = 'friend'
        and is_start_known
    group by member_id

),

-- who added the customer first keeps them, as long as they stay friends
owners_ranked as (

    select
        member_id,
        guide_key,
        row_number() over (
            partition by member_id
            order by started_at asc, relation_key asc
        ) as owner_rank
    from relations
    where
        relation_type = 'friend'
        and is_open

),

done_per_member as (

    select
        member_id,
        min(first_done_date) as first_seen_date,
        max(last_done_date) as last_seen_date
    from sightings
    group by member_id

),

sightings_ranked as (

    select
        *,
        row_number() over (
            partition by member_id
            order by source_rank asc, known_date asc, channel_code asc, brand_code asc
        ) as sighting_rank
    from sightings

),

gathered as (

    select
        sightings_ranked.member_id,
        sightings_ranked.brand_code,
        sightings_ranked.channel_code,
        customers_per_member.province,
        customers_per_member.enrolled_at,
        customers_per_member.unenrolled_at,
        least(customers_per_member.added_at, friends_added.added_at) as added_at,
        owners_ranked.guide_key as owner_guide_key,
        done_per_member.first_seen_date,
        done_per_member.last_seen_date
    from sightings_ranked
    left join customers_per_member
        on sightings_ranked.member_id = customers_per_member.member_id
    left join friends_added
        on sightings_ranked.member_id = friends_added.member_id
    left join owners_ranked
        on
            sightings_ranked.member_id = owners_ranked.member_id
            and owners_ranked.owner_rank = 1
    left join done_per_member
        on sightings_ranked.member_id = done_per_member.member_id
    where sightings_ranked.sighting_rank = 1

)

select * from gathered
