with

consults as (

    select
        *,
        {{ business_date('asked_at') }} as asked_date,
        {{ business_date('answered_at') }} as answered_date
    from {{ ref('stg_files__consults') }}
    where not is_excluded

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

consults_that_happened as (

    select
        -- ids
        consults.consult_key,
        consults.brand_code,
        consults.channel_code,
        coalesce(members_of_customers.member_id, consults.customer_key) as member_id,
        consults.brand_code || '|' || consults.store_id as store_key,
        consults.store_id as store_code,
        consults.guide_id as guide_code,

        -- what it is about
        consults.topic,

        -- timestamps (UTC) and business dates
        consults.asked_at,
        consults.asked_date,
        case when consults.answered_date <= {{ as_of_date() }} then consults.answered_at end
            as answered_at,

        -- state as known at as_of_date
        coalesce(consults.answered_date <= {{ as_of_date() }}, false) as is_answered
    from consults
    left join members_of_customers
        on consults.customer_key = members_of_customers.customer_key
    where consults.asked_date <= {{ as_of_date() }}

)

select * from consults_that_happened
