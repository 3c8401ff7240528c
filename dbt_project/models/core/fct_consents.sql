with

consents as (

    select * from {{ ref('stg_files__consents') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

dated as (

    select
        *,
        {{ business_date('decided_at') }} as decided_date,
        {{ business_date('expires_at') }} as expires_date
    from consents
    where not is_excluded

),

decisions as (

    select
        -- ids
        dated.customer_key
        || '|' || dated.purpose
        || '|' || dated.contact_channel
        || '|' || cast(dated.decided_at as varchar) as consent_key,
        dated.brand_code,
        dated.channel_code,
        dated.customer_key,
        coalesce(members_of_customers.member_id, dated.customer_key) as member_id,

        -- what was decided
        dated.purpose,
        dated.contact_channel,
        dated.is_granted,
        dated.consent_source,

        -- timestamps (UTC) and business dates
        dated.decided_at,
        dated.decided_date,
        dated.expires_at,
        dated.expires_date
    from dated
    left join members_of_customers
        on dated.customer_key = members_of_customers.customer_key
    where dated.decided_date <= {{ as_of_date() }}

)

select * from decisions
