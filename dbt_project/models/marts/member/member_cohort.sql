with

orders as (

    select * from {{ ref('fct_orders') }}

),

members as (

    select * from {{ ref('dim_members') }}

),

buyers as (

    select
        member_id,
        brand_code,
        {{ month_of('first_order_date') }} as cohort_month
    from members
    where
        is_known
        and first_order_date is not null

),

cohorts as (

    select
        brand_code,
        cohort_month,
        count(*) as cohort_size,
        unnest(
            generate_series(0, {{ months_between('cohort_month', as_of_date()) }})
        ) as month_number
    from buyers
    group by brand_code, cohort_month

),

-- one row per buyer and month with an order
active_months as (

    select
        buyers.brand_code,
        buyers.cohort_month,
        buyers.member_id,
        {{ months_between('buyers.cohort_month', 'orders.paid_date') }} as month_number,
        count(*) as order_count
    from orders
    inner join buyers
        on orders.member_id = buyers.member_id
    where orders.is_valid
    group by
        buyers.brand_code,
        buyers.cohort_month,
        buyers.member_id,
        month_number

),

active_months_numbered as (

    select
        *,
        row_number() over (
            partition by member_id
            order by month_number
        ) as active_month_number
    from active_months

),

activity as (

    select
        brand_code,
        cohort_month,
        month_number,
        count(*) as active_count,
        sum(order_count) as order_count,
        -- the first month is month 0, so the second is the first return
        count(*) filter (where active_month_number = 2) as first_return_count
    from active_months_numbered
    group by brand_code, cohort_month, month_number

),

cohort_months as (

    select
        cohorts.brand_code,
        cohorts.cohort_month,
        cohorts.month_number,
        cohorts.cohort_size,
        {{ add_months('cohorts.cohort_month', 'cohorts.month_number') }} as activity_month,
        coalesce(activity.active_count, 0) as active_count,
        coalesce(activity.order_count, 0) as order_count,
        sum(coalesce(activity.first_return_count, 0)) over (
            partition by cohorts.brand_code, cohorts.cohort_month
            order by cohorts.month_number
            rows between unbounded preceding and current row
        ) as returned_count
    from cohorts
    left join activity
        on
            cohorts.brand_code = activity.brand_code
            and cohorts.cohort_month = activity.cohort_month
            and cohorts.month_number = activity.month_number

),

cohort_months_judged as (

    select
        *,
        last_day(activity_month) <= {{ as_of_date() }} as is_month_complete
    from cohort_months

),

with_rates as (

    select
        -- ids
        brand_code,
        cohort_month,
        cast(month_number as integer) as month_number,
        {{ as_of_date() }} as as_of_date,
        activity_month,
        is_month_complete,

        -- counts, so far where the month is not complete
        cohort_size,
        active_count,
        cast(returned_count as bigint) as returned_count,
        cast(order_count as bigint) as order_count,

        -- rates, of complete months only
        case when is_month_complete then {{ ratio('active_count', 'cohort_size') }} end
            as retention_rate,
        case when is_month_complete then {{ ratio('returned_count', 'cohort_size') }} end
            as cumulative_rate
    from cohort_months_judged

)

select * from with_rates
