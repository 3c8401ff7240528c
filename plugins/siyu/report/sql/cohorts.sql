-- One row per brand, cohort and month since: the last 13 cohorts, up to 12 months each.
select
    brand_code,
    strftime(cohort_month, '%Y-%m') as cohort_month,
    month_number,
    cohort_size,
    active_count,
    retention_rate,
    cumulative_rate,
    is_month_complete
from member_cohort
where
    cohort_month >= date_trunc('month', as_of_date) - interval 12 month
    and month_number <= 12
order by brand_code, cohort_month, month_number
