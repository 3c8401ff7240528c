with

interactions as (

    select
        *,
        {{ business_date('interacted_at') }} as interacted_date
    from {{ ref('int_interactions_conformed') }}

),

interactions_that_happened as (

    select
        -- ids
        interaction_type
        || '|' || message_key
        || '|' || guide_key
        || '|' || member_id
        || '|' || cast(interacted_at as varchar) as interaction_key,
        interaction_type,
        brand_code,
        channel_code,
        account_id,
        member_id,
        guide_key,
        message_key,

        -- timestamps (UTC) and business dates
        interacted_at,
        interacted_date
    from interactions
    where interacted_date <= {{ as_of_date() }}

)

select * from interactions_that_happened
