update ltv_cac set new_buyer_count = new_buyer_count + 1
where channel_code = 'all' and cohort_month = (
    select min(cohort_month) from ltv_cac where new_buyer_count > 0
);
