with

memberships as (

    select * from {{ ref('stg_files__memberships') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

dated as (

    select
        *,
        {{ business_date('started_at') }} as started_date,
        {{ business_date('ends_at') }} as ends_date
    from memberships
    where not is_excluded

),

memberships_that_began as (

    select
        -- ids
        dated.customer_key
        || '|' || dated.program
        || '|' || cast(dated.started_at as varchar) as membership_key,
        dated.brand_code,
        dated.channel_code,
        coalesce(members_of_customers.member_id, dated.customer_key) as member_id,

        -- the membership
        dated.program,
        dated.level,
        dated.is_paid,

        -- timestamps (UTC) and business dates; the end may lie after as_of_date
        dated.started_at,
        dated.started_date,
        dated.ends_at,
        dated.ends_date
    from dated
    left join members_of_customers
        on dated.customer_key = members_of_customers.customer_key
    where dated.started_date <= {{ as_of_date() }}

)

select * from memberships_that_began
