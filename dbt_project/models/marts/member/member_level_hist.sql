with

memberships as (

    select * from {{ ref('fct_memberships') }}

),

spans as (

    select
        *,
        -- a level lasts until the next one, or until it ends by itself
        least(
            lead(started_date) over (
                partition by brand_code, member_id, program
                order by started_at, level, membership_key
            ),
            ends_date
        ) as left_date
    from memberships

),

published as (

    select
        brand_code,
        member_id,
        program,
        level,
        is_paid,
        started_date as valid_from,
        ends_date as planned_end_date,
        case when left_date <= {{ as_of_date() }} then left_date end as valid_to,
        coalesce(left_date > {{ as_of_date() }}, true) as is_current
    from spans
    where
        left_date is null
        or started_date < left_date

)

select * from published
