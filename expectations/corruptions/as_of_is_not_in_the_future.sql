update kpi_daily set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update member_rfm set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update member_cohort set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update ltv_cac set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update channel_roi set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update campaign_lift set as_of_date = make_date(year(as_of_date) + 100, 1, 1);
update kpi_daily set business_date = as_of_date
where business_date = (select max(business_date) from kpi_daily) and window_days = 30;
