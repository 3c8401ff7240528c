drop table dim_dates;
