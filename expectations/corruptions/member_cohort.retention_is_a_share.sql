update member_cohort set retention_rate = 1.5
where month_number = 1 and cohort_month = (select min(cohort_month) from member_cohort);
