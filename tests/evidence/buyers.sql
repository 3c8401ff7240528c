-- Repeat purchases, cohorts and RFM, of what the data set's own file has prepared:
--   judged_orders (customer, paid_date, net, is_valid), of paid orders   as_of (day)

-- prepare: purchases
create or replace temp table purchases as
select customer, paid_date, net from judged_orders where is_valid and customer is not null;

-- table: repeat_purchases
-- judgement: Persons by their number of valid orders, and what they spent.
select
    case when orders >= 7 then '7 and more' else cast(orders as varchar) end as orders,
    count(*) as persons,
    sum(net) as net
from (select customer, count(*) as orders, sum(net) as net from purchases group by customer)
group by all
order by all;

-- table: cohorts
-- judgement: Persons by the month of their first valid order, and how many of them bought in the 1st, 3rd, 6th and 12th month after.
with
first_months as (
    select customer, date_trunc('month', min(paid_date)) as first_month from purchases group by customer
),
months as (
    select distinct
        customer, first_month, date_diff('month', first_month, date_trunc('month', paid_date)) as month_number
    from purchases
    inner join first_months using (customer)
)
select
    strftime(first_month, '%Y-%m') as cohort,
    count(*) filter (where month_number = 0) as persons,
    count(*) filter (where month_number = 1) as "month 1",
    count(*) filter (where month_number = 3) as "month 3",
    count(*) filter (where month_number = 6) as "month 6",
    count(*) filter (where month_number = 12) as "month 12"
from months
group by cohort
order by cohort;

-- table: RFM
-- judgement: Recency, frequency and net amount per person and window, high when strictly better than the window's mean.
with windows as (
    select * from (values ('30d', 30), ('90d', 90), ('365d', 365), ('lifetime', null)) as windows(rfm_window, days)
),
per_person as (
    select
        rfm_window,
        customer,
        min(date_diff('day', paid_date, as_of.day)) as recency,
        count(*) as frequency,
        sum(net) as monetary
    from purchases
    cross join as_of
    inner join windows on days is null or paid_date > as_of.day - cast(days as integer)
    group by all
),
-- x < mean as n * x < sum: in whole numbers, so that no rounding of the mean decides about a person
cells as (
    select
        *,
        recency * count(*) over same_window < sum(recency) over same_window as is_recent,
        frequency * count(*) over same_window > sum(frequency) over same_window as is_frequent,
        monetary * count(*) over same_window > sum(monetary) over same_window as is_high_value
    from per_person
    window same_window as (partition by rfm_window)
)
select
    rfm_window as "window",
    if(is_recent, 'high', 'low') as "R",
    if(is_frequent, 'high', 'low') as "F",
    if(is_high_value, 'high', 'low') as "M",
    count(*) as persons,
    sum(monetary) as net
from cells
group by all
order by all;
