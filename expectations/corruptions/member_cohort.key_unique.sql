insert into member_cohort select * from member_cohort where month_number = 1 limit 1;
