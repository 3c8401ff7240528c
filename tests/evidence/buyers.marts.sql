-- The tables of buyers.sql, from what siyu published.

-- table: repeat_purchases
select
    case when order_count >= 7 then '7 and more' else cast(order_count as varchar) end as orders,
    count(*) as persons,
    sum(net_amount) as net
from marts.member_rfm
where rfm_window = 'lifetime'
group by all
order by all;

-- table: cohorts
select
    strftime(cohort_month, '%Y-%m') as cohort,
    any_value(cohort_size) as persons,
    coalesce(any_value(active_count) filter (where month_number = 1), 0) as "month 1",
    coalesce(any_value(active_count) filter (where month_number = 3), 0) as "month 3",
    coalesce(any_value(active_count) filter (where month_number = 6), 0) as "month 6",
    coalesce(any_value(active_count) filter (where month_number = 12), 0) as "month 12"
from marts.member_cohort
group by cohort
order by cohort;

-- table: RFM
select
    rfm_window as "window",
    if(is_recent, 'high', 'low') as "R",
    if(is_frequent, 'high', 'low') as "F",
    if(is_high_value, 'high', 'low') as "M",
    count(*) as persons,
    sum(net_amount) as net
from marts.member_rfm
group by all
order by all;
