-- Per brand, the cohorts together are the members with a first valid order.
with

buyers as (

    select
        members.brand_code,
        count(*) as buyer_count
    from candidate.dim_members as members
    where
        members.is_known
        and members.first_order_at is not null
    group by members.brand_code

),

cohorts as (

    select
        member_cohort.brand_code,
        sum(member_cohort.cohort_size) as buyer_count
    from candidate.member_cohort
    where member_cohort.month_number = 0
    group by member_cohort.brand_code

)

select coalesce(buyers.brand_code, cohorts.brand_code) as brand_code
from buyers
full outer join cohorts
    on buyers.brand_code = cohorts.brand_code
where buyers.buyer_count is distinct from cohorts.buyer_count
