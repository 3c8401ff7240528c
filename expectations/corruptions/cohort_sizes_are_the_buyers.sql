create temp table hit as select min(cohort_month) as cohort_month from member_cohort;
update member_cohort set cohort_size = cohort_size + 1 from hit
where member_cohort.cohort_month = hit.cohort_month;
update ltv_cac set new_buyer_count = new_buyer_count + 1
where
    channel_code = 'all'
    and cast(cohort_month as varchar) = (select cast(cohort_month as varchar) from hit);
