with

touches as (

    select * from {{ ref('fct_touches') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

-- the first assignment counts; a person in two arms belongs to neither
assignments as (

    select
        campaign_code,
        member_id,
        min(arm) as arm,
        min(arm) <> max(arm) as is_in_two_arms,
        min(touched_at) as assigned_at,
        min(touched_date) as assigned_date
    from touches
    group by campaign_code, member_id

),

orders_after_assignment as (

    select
        assignments.campaign_code,
        assignments.member_id,
        count(*) as order_count,
        sum(orders.net_amount) as net_amount
    from assignments
    inner join orders
        on
            assignments.member_id = orders.member_id
            and assignments.assigned_at <= orders.paid_at
            and {{ add_days_to_timestamp('assignments.assigned_at', var('campaign_outcome_days')) }}
            > orders.paid_at
    where orders.is_valid
    group by assignments.campaign_code, assignments.member_id

),

outcomes as (

    select
        assignments.campaign_code,
        assignments.member_id,
        assignments.arm,
        assignments.is_in_two_arms,
        assignments.assigned_at,
        {{ add_days('assignments.assigned_date', var('campaign_outcome_days')) }}
        <= {{ as_of_date() }} as is_outcome_complete,
        coalesce(orders_after_assignment.order_count, 0) as order_count,
        coalesce(orders_after_assignment.net_amount, 0) as net_amount
    from assignments
    left join orders_after_assignment
        on
            assignments.campaign_code = orders_after_assignment.campaign_code
            and assignments.member_id = orders_after_assignment.member_id

)

select * from outcomes
