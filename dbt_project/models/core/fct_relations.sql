with

relations as (

    select * from {{ ref('int_relations_conformed') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

relations_that_began as (

    select
        -- ids
        relations.relation_key,
        relations.relation_type,
        relations.brand_code,
        relations.channel_code,
        relations.account_id,
        coalesce(members_of_customers.member_id, relations.customer_key) as member_id,
        relations.guide_key,
        relations.group_key,
        relations.episode_number,

        -- how it came about
        relations.add_way,
        relations.acquisition_kind,
        relations.entry_parameter,

        -- timestamps (UTC), and what is known of them
        relations.started_at,
        relations.is_start_known,
        relations.first_seen_at,
        relations.last_seen_at,
        relations.ended_before,
        relations.ended_before is null as is_open,
        relations.is_gap
    from relations
    left join members_of_customers
        on relations.customer_key = members_of_customers.customer_key
    where
        -- a reading for as_of_date is made after midnight, and knows who came since
        not relations.is_start_known
        or {{ business_date('relations.started_at') }} <= {{ as_of_date() }}

)

select * from relations_that_began
