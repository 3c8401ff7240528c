with

interactions as (

    select
        *,
        {{ business_date('interacted_at') }} as interacted_date
    from {{ ref('int_interactions_conformed') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

interactions_that_happened as (

    select
        -- ids
        interactions.interaction_type
        || '|' || interactions.message_key
        || '|' || interactions.guide_key
        || '|' || interactions.customer_key
        || '|' || cast(interactions.interacted_at as varchar) as interaction_key,
        interactions.interaction_type,
        interactions.brand_code,
        interactions.channel_code,
        interactions.account_id,
        coalesce(members_of_customers.member_id, interactions.customer_key) as member_id,
        interactions.guide_key,
        interactions.message_key,

        -- timestamps (UTC) and business dates
        interactions.interacted_at,
        interactions.interacted_date
    from interactions
    left join members_of_customers
        on interactions.customer_key = members_of_customers.customer_key
    where interactions.interacted_date <= {{ as_of_date() }}

)

select * from interactions_that_happened
