-- What a shop spent on Facebook, judged by DuckDB alone: no siyu, no dbt.
--
-- In the DuckDB shell:  set variable data = '<folder with the public data sets>';  .read facebook_ad_costs.sql
--
-- Each statement after the preparation is one judgement: how many ads, and what was spent on them in cents.

-- prepare: ads
create or replace temp table ads as
select
    ad_id as ad, xyz_campaign_id as campaign, fb_campaign_id as facebook_campaign,
    cast(Impressions as bigint) as impressions, cast(Clicks as bigint) as clicks,
    cast(Spent as decimal(18, 9)) as exact_spend, cast(round(exact_spend, 2) as decimal(18, 2)) as spend,
    cast(Total_Conversion as bigint) as enquiries, cast(Approved_Conversion as bigint) as purchases
from read_csv(
    getvariable('data') || '/kag_ad_costs/KAG_conversion_data.csv.gz', header = true, all_varchar = true
);

-- name: ads
-- judgement: Every row is one ad; what was spent on it has nine decimals and is rounded to the cent ad by ad.
select count(*) as rows_counted, cast(sum(spend) * 100 as bigint) as fen from ads;

-- name: rounded
-- judgement: Ads whose spend is no whole cent; shown is what the rounding adds up to.
select count(*) as rows_counted, cast(round((sum(spend) - sum(exact_spend)) * 100) as bigint) as fen
from ads where spend <> exact_spend;

-- name: ads_without_cost
-- judgement: Ads without a click cost nothing: they stay, with a cost of 0.00.
select count(*) as rows_counted, cast(sum(spend) * 100 as bigint) as fen from ads where spend = 0;

-- name: cost_of_the_channel
-- judgement: All of it is media cost of one channel; there are no sales to hold it against.
select 1 as rows_counted, cast(sum(spend) * 100 as bigint) as fen from ads;

-- name: cost_of_acquisition
-- judgement: All of it was spent to win buyers; there are none in the file with a name.
select 0 as rows_counted, cast(sum(spend) * 100 as bigint) as fen from ads;

-- name: sales
-- judgement: The file has no orders: conversions are numbers without an amount.
select 0 as rows_counted, cast(0 as bigint) as fen;

-- table: campaigns
-- judgement: The shop's three campaigns: ads, ads that cost something, and spend.
select campaign, count(*) as ads, count(*) filter (where spend > 0) as "ads with cost", sum(spend) as spend
from ads group by campaign order by campaign;

-- table: attention
-- judgement: What the spend bought, per campaign. siyu has no place for impressions and clicks yet: they are counted here alone.
select
    campaign,
    cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(enquiries) as bigint) as enquiries,
    cast(sum(purchases) as bigint) as purchases,
    cast(sum(spend) / sum(clicks) as decimal(18, 4)) as "cost per click",
    cast(sum(spend) / sum(purchases) as decimal(18, 4)) as "cost per purchase"
from ads group by campaign order by campaign;
