-- CDNOW, the published 1/10 sample, judged by DuckDB alone: no siyu, no dbt.
--
-- In the DuckDB shell:  set variable data = '<folder with the public data sets>';  .read cdnow.sql
--
-- Each statement after the preparation is one judgement: how many purchases (or persons) and their amount in cents.

-- prepare: file_rows
-- Each line as one text, taken apart at its blanks.
create or replace temp table file_rows as
with lines as (
    select string_split_regex(trim(line), '\s+') as cells
    from read_csv(
        getvariable('data') || '/cdnow_sample/CDNOW_sample.txt.gz',
        header = false, columns = {'line': 'varchar'}, delim = '|', quote = '', escape = ''
    )
)
select
    cells[1] as master_customer,
    cells[2] as customer,
    cast(strptime(cells[3], '%Y%m%d') as date) as day,
    cast(cells[4] as integer) as discs,
    cast(cells[5] as decimal(18, 2)) as dollars
from lines;

-- name: purchases
-- judgement: Every row is one purchase. They have no numbers: two rows of one person and day are two purchases.
select count(*) as rows_counted, cast(sum(dollars) * 100 as bigint) as fen from file_rows;

-- name: exact_repeats
-- judgement: Rows that repeat another row in every field stay: the published counts include them. Shown is what removing them would take away.
select count(*) as rows_counted, cast(sum(dollars) * 100 as bigint) as fen
from (select dollars, row_number() over (partition by customer, day, discs, dollars) as copy from file_rows)
where copy > 1;

-- name: nothing_paid
-- judgement: Purchases of 0.00 stay as well, and count as purchases.
select count(*) as rows_counted, cast(sum(dollars) * 100 as bigint) as fen from file_rows where dollars = 0;

-- name: discs
-- judgement: Discs sold, and what was paid for them.
select cast(sum(discs) as bigint) as rows_counted, cast(sum(dollars) * 100 as bigint) as fen from file_rows;

-- name: buyers
-- judgement: Persons, and what they spent in all.
select count(distinct customer) as rows_counted, cast(sum(dollars) * 100 as bigint) as fen from file_rows;

-- name: repeat_buyers
-- judgement: Persons who purchased twice or more.
select count(*) as rows_counted, cast(sum(spent) * 100 as bigint) as fen
from (select customer, sum(dollars) as spent from file_rows group by customer having count(*) >= 2);

-- name: first_purchases_after_the_quarter
-- judgement: Everyone first bought in the first quarter of 1997. Persons who did not:
select count(*) as rows_counted, cast(0 as bigint) as fen
from (select customer from file_rows group by customer having min(day) > date '1997-03-31');

-- prepare: days_of_39_weeks
create or replace temp table days_of_39_weeks as
select customer, count(distinct day) - 1 as further_days
from file_rows where day <= date '1997-09-30' group by customer;

-- table: days_after_the_first
-- judgement: Persons by the number of days with a purchase, after their first, up to 1997-09-30 (39 weeks).
select if(further_days >= 7, '7 and more', cast(further_days as varchar)) as days, count(*) as persons
from days_of_39_weeks group by all order by all;

-- table: published
-- judgement: What others have counted: the file's read-me, and the distribution of the days after the first in Fader, Hardie and Lee (2005), Marketing Science 24(2). The whole data set has ten times as many customers, 23,570.
with published as (
    select * from (values
        ('purchases', 6919), ('customers', 2357), ('0', 1411), ('1', 439), ('2', 214), ('3', 100), ('4', 62),
        ('5', 38), ('6', 29), ('7 and more', 64)
    ) as published(what, published)
),
found as (
    select 'purchases' as what, count(*) as found from file_rows
    union all
    select 'customers', count(distinct customer) from file_rows
    union all
    select if(further_days >= 7, '7 and more', cast(further_days as varchar)), count(*) from days_of_39_weeks group by all
)
select if(length(what) < 2 or what like '7%', 'persons with further days: ' || what, what) as what, published, found
from published
left join found using (what)
order by what;

-- prepare: judged_orders
create or replace temp table judged_orders as
select customer, day as paid_date, dollars as paid, dollars as net, true as is_valid from file_rows;

-- prepare: unlinked_refunds
create or replace temp table unlinked_refunds as
select cast(null as date) as refunded_date, cast(0 as decimal(18, 2)) as amount where false;

-- prepare: as_of
create or replace temp table as_of as select max(day) as day from file_rows;
