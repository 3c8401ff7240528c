update member_cohort set as_of_date = as_of_date - 1;
