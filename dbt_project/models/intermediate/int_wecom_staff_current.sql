{{ config(enabled='wecom' in var('channels')) }}

with

observations as (

    select * from {{ ref('int_snapshot_observations') }}
    where channel = 'wecom'

),

staff as (

    select
        staff.*,
        row_number() over (partition by staff.guide_key order by staff._observed_at desc)
            as recency_rank
    from {{ ref('stg_wecom__staff') }} as staff
    inner join observations
        on
            staff.account_id = observations.account_id
            and staff._observed_at = observations.observed_at
            and observations.stream = 'staff'

),

departments as (

    select
        departments.*,
        row_number() over (
            partition by departments.department_key order by departments._observed_at desc
        ) as recency_rank
    from {{ ref('stg_wecom__departments') }} as departments
    inner join observations
        on
            departments.account_id = observations.account_id
            and departments._observed_at = observations.observed_at
            and observations.stream = 'departments'

),

staff_with_departments as (

    select
        -- ids
        staff.guide_key,
        staff.account_id,

        -- what they are
        staff.main_department_key as department_key,
        departments.department_name,
        staff.staff_status,

        -- timestamps (UTC)
        staff._observed_at as last_seen_at
    from staff
    left join departments
        on
            staff.main_department_key = departments.department_key
            and departments.recency_rank = 1
    where staff.recency_rank = 1

)

select * from staff_with_departments
