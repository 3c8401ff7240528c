with

touches as (

    select
        *,
        {{ business_date('touched_at') }} as touched_date
    from {{ ref('int_touches_conformed') }}
    where touch_type = 'campaign_arm'

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

touches_that_happened as (

    select
        -- ids
        touches.touch_key,
        touches.brand_code,
        touches.channel_code,
        coalesce(members_of_customers.member_id, touches.customer_key) as member_id,
        touches.campaign_code,

        -- the experiment
        touches.arm,
        touches.is_holdout,
        touches.planned_share,
        touches.touch_purpose,
        touches.product_stage,

        -- timestamps (UTC) and business dates
        touches.touched_at,
        touches.touched_date
    from touches
    left join members_of_customers
        on touches.customer_key = members_of_customers.customer_key
    where
        not touches.is_excluded
        and touches.touched_date <= {{ as_of_date() }}

)

select * from touches_that_happened
