-- Who has come back once stays counted: the cumulative rate of a cohort never falls.
with

neighbours as (

    select
        brand_code,
        cohort_month,
        month_number,
        cumulative_rate,
        lag(cumulative_rate) over (
            partition by brand_code, cohort_month
            order by month_number
        ) as previous_rate
    from {{ ref('member_cohort') }}

)

select *
from neighbours
where cumulative_rate < previous_rate
