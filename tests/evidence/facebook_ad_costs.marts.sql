-- What siyu published about the Facebook spend, under the names of facebook_ad_costs.sql: the same from the marts.

-- name: ads
select count(*) as rows_counted, cast(sum(cost_amount) * 100 as bigint) as fen from marts.fct_costs;

-- name: ads_without_cost
select count(*) as rows_counted, cast(sum(cost_amount) * 100 as bigint) as fen
from marts.fct_costs where cost_amount = 0;

-- name: cost_of_the_channel
select count(*) as rows_counted, cast(sum(cost_amount) * 100 as bigint) as fen
from marts.channel_roi where period = 'lifetime';

-- name: cost_of_acquisition
select cast(sum(new_buyer_count) as bigint) as rows_counted, cast(sum(acquisition_cost_amount) * 100 as bigint) as fen
from marts.ltv_cac where channel_code = 'facebook_feed';

-- name: sales
select count(*) as rows_counted, cast(coalesce(sum(paid_amount), 0) * 100 as bigint) as fen from marts.fct_orders;

-- table: campaigns
select campaign_code as campaign, count(*) as ads, count(*) filter (where cost_amount > 0) as "ads with cost",
    sum(cost_amount) as spend
from marts.fct_costs
inner join marts.dim_campaigns using (campaign_code)
group by campaign_code order by campaign_code;
