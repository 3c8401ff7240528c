-- Per brand and cohort month, ltv_cac divides by the buyers that member_cohort counts.
with

cohorts as (

    select
        member_cohort.brand_code,
        cast(member_cohort.cohort_month as varchar) as cohort_month,
        member_cohort.cohort_size as buyer_count
    from candidate.member_cohort
    where member_cohort.month_number = 0

),

values_per_buyer as (

    select
        ltv_cac.brand_code,
        cast(ltv_cac.cohort_month as varchar) as cohort_month,
        ltv_cac.new_buyer_count as buyer_count
    from candidate.ltv_cac
    where
        ltv_cac.channel_code = 'all'
        and ltv_cac.new_buyer_count > 0

)

select
    coalesce(cohorts.brand_code, values_per_buyer.brand_code) as brand_code,
    coalesce(cohorts.cohort_month, values_per_buyer.cohort_month) as cohort_month
from cohorts
full outer join values_per_buyer
    on
        cohorts.brand_code = values_per_buyer.brand_code
        and cohorts.cohort_month = values_per_buyer.cohort_month
where cohorts.buyer_count is distinct from values_per_buyer.buyer_count
