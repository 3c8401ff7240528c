-- What siyu published about CDNOW, under the names of cdnow.sql: the same figures from the marts.

-- name: purchases
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen from marts.fct_orders;

-- name: nothing_paid
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen
from marts.fct_orders where paid_amount = 0 and is_valid;

-- name: discs
select cast(sum(unit_count) as bigint) as rows_counted, cast(sum(gmv_amount) * 100 as bigint) as fen
from marts.kpi_daily where channel_code = 'all' and window_days = 1;

-- name: buyers
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.member_rfm where rfm_window = 'lifetime';

-- name: repeat_buyers
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.member_rfm where rfm_window = 'lifetime' and order_count >= 2;

-- name: first_purchases_after_the_quarter
select cast(coalesce(sum(cohort_size), 0) as bigint) as rows_counted, cast(0 as bigint) as fen
from marts.member_cohort where month_number = 0 and cohort_month > date '1997-03-01';

-- table: days_after_the_first
with days as (
    select member_id, count(distinct paid_date) - 1 as further_days
    from marts.fct_orders where is_valid and paid_date <= date '1997-09-30' group by member_id
)
select if(further_days >= 7, '7 and more', cast(further_days as varchar)) as days, count(*) as persons
from days group by all order by all;
