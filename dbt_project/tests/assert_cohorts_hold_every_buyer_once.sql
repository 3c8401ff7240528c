-- The cohorts of a month are the persons whose first valid order fct_orders has in it, in
-- member_cohort and in ltv_cac, and all their valid orders are in member_cohort.
with

facts as (

    select
        {{ month_of('paid_date') }} as cohort_month,
        count(*) as buyer_count
    from {{ ref('fct_orders') }}
    where member_order_number = 1
    group by cohort_month

),

cohorts as (

    select
        cohort_month,
        sum(cohort_size) as buyer_count
    from {{ ref('member_cohort') }}
    where month_number = 0
    group by cohort_month

),

values_per_buyer as (

    select
        cohort_month,
        sum(new_buyer_count) filter (where channel_code = 'all') as buyer_count,
        sum(new_buyer_count) filter (where channel_code <> 'all') as channel_buyer_count
    from {{ ref('ltv_cac') }}
    group by cohort_month
    having sum(new_buyer_count) > 0

),

order_counts as (

    select
        (select sum(order_count) from {{ ref('member_cohort') }}) as cohort_order_count,
        (
            select count(*) from {{ ref('fct_orders') }}
            where member_order_number is not null
        ) as order_count

),

differences as (

    select
        coalesce(facts.cohort_month, cohorts.cohort_month, values_per_buyer.cohort_month)
            as cohort_month,
        facts.buyer_count as found_count,
        cohorts.buyer_count as cohort_count
    from facts
    full outer join cohorts
        on facts.cohort_month = cohorts.cohort_month
    full outer join values_per_buyer
        on facts.cohort_month = values_per_buyer.cohort_month
    where
        facts.buyer_count is distinct from cohorts.buyer_count
        or facts.buyer_count is distinct from values_per_buyer.buyer_count
        or facts.buyer_count is distinct from values_per_buyer.channel_buyer_count

    union all

    select
        null as cohort_month,
        order_count as found_count,
        cohort_order_count as cohort_count
    from order_counts
    where coalesce(cohort_order_count, 0) <> order_count

)

select * from differences
