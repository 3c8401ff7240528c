-- Hillstrom's e-mail test, judged by DuckDB alone: no siyu, no dbt.
--
-- In the DuckDB shell:  set variable data = '<folder with the public data sets>';  .read hillstrom_email.sql
--
-- Each statement after the preparation is one judgement: how many customers, and their spend in cents.

-- prepare: customers
create or replace temp table customers as
select
    segment as arm, segment = 'No E-Mail' as is_holdout, cast(visit as integer) as visit,
    cast(conversion as integer) as bought, cast(spend as decimal(18, 2)) as spend
from read_csv(
    getvariable('data') || '/hillstrom_email/hillstrom.csv.gz', header = true, all_varchar = true
);

-- name: customers
-- judgement: Every row is one customer, also where two rows are equal; what they spent in the two weeks.
select count(*) as rows_counted, cast(sum(spend) * 100 as bigint) as fen from customers;

-- name: orders
-- judgement: A customer with a conversion has one order: what they spent in the two weeks.
select count(*) as rows_counted, cast(sum(spend) * 100 as bigint) as fen from customers where bought = 1;

-- name: bought_for_nothing
-- judgement: Conversions without spend, and spend without a conversion:
select count(*) as rows_counted, cast(coalesce(sum(spend), 0) * 100 as bigint) as fen
from customers where (bought = 1) <> (spend > 0);

-- name: buyers
-- judgement: Customers who bought, and their spend.
select count(*) as rows_counted, cast(sum(spend) * 100 as bigint) as fen from customers where bought = 1;

-- prepare: arms
create or replace temp table arms as
select
    arm, is_holdout, cast(count(*) as double) as n,
    avg(cast(bought as double)) as rate, avg(cast(spend as double)) as per_head,
    var_samp(cast(spend as double)) as variance
from customers group by all;

-- table: arms
-- judgement: The three arms: customers, buyers, spend, share of buyers and spend per customer.
select
    customers.arm,
    count(*) as customers,
    cast(sum(bought) as bigint) as buyers,
    sum(spend) as spend,
    cast(avg(cast(bought as double)) as decimal(18, 6)) as rate,
    cast(avg(cast(spend as double)) as decimal(18, 4)) as "spend per head"
from customers
group by arm
order by arm;

-- table: lift_of_the_rate
-- judgement: Share of buyers of each e-mail less that of the holdout, with the 95 % interval of two independent shares (1.959964 standard errors, each arm with its own).
select
    treated.arm,
    cast(treated.rate - holdout.rate as decimal(18, 6)) as lift,
    cast(treated.rate - holdout.rate - 1.959963984540054 * error as decimal(18, 6)) as low,
    cast(treated.rate - holdout.rate + 1.959963984540054 * error as decimal(18, 6)) as high,
    cast((treated.rate - holdout.rate) / holdout.rate as decimal(18, 6)) as relative,
    if(low > 0, 'higher', if(high < 0, 'lower', 'not_proven')) as verdict
from arms as treated
cross join (select * from arms where is_holdout) as holdout
cross join lateral (
    select sqrt(
        treated.rate * (1 - treated.rate) / treated.n + holdout.rate * (1 - holdout.rate) / holdout.n
    ) as error
)
where not treated.is_holdout
order by treated.arm;

-- table: lift_of_the_spend
-- judgement: Spend per customer of each e-mail less that of the holdout, with the 95 % interval (Welch's standard error).
select
    treated.arm,
    cast(treated.per_head - holdout.per_head as decimal(18, 4)) as lift,
    cast(treated.per_head - holdout.per_head - 1.959963984540054 * error as decimal(18, 4)) as low,
    cast(treated.per_head - holdout.per_head + 1.959963984540054 * error as decimal(18, 4)) as high,
    cast((treated.per_head - holdout.per_head) / holdout.per_head as decimal(18, 6)) as relative,
    if(low > 0, 'higher', if(high < 0, 'lower', 'not_proven')) as verdict
from arms as treated
cross join (select * from arms where is_holdout) as holdout
cross join lateral (select sqrt(treated.variance / treated.n + holdout.variance / holdout.n) as error)
where not treated.is_holdout
order by treated.arm;

-- table: published
-- judgement: What is known of this test: share of visitors and of buyers per arm, in percent. siyu has no place for visits yet: they are counted here alone.
with published as (
    select * from (values
        ('visitors, Mens E-Mail', 18.30), ('visitors, Womens E-Mail', 15.10), ('visitors, No E-Mail', 10.60),
        ('buyers, Mens E-Mail', 1.25), ('buyers, Womens E-Mail', 0.88), ('buyers, No E-Mail', 0.57)
    ) as published(what, published)
),
found as (
    select 'visitors, ' || arm as what, cast(round(100.0 * avg(visit), 1) as decimal(6, 2)) as found
    from customers group by arm
    union all
    select 'buyers, ' || arm, cast(round(100.0 * avg(bought), 2) as decimal(6, 2)) from customers group by arm
)
select what, cast(published as decimal(6, 2)) as published, found
from published
left join found using (what)
order by what;
