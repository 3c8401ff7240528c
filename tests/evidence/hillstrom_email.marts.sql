-- What siyu published about Hillstrom's e-mail test, under the names of hillstrom_email.sql: the same from the marts.

-- name: customers
select
    (select count(*) from marts.fct_touches) as rows_counted,
    (select cast(sum(paid_amount) * 100 as bigint) from marts.fct_orders) as fen;

-- name: orders
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen from marts.fct_orders where is_valid;

-- name: buyers
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.member_rfm where rfm_window = 'lifetime';

-- table: arms
select arm, person_count as customers, buyer_count as buyers, net_amount as spend, buyer_rate as rate,
    value_per_head as "spend per head"
from marts.campaign_lift
union all
select distinct
    fct_touches.arm, holdout_person_count, holdout_buyer_count, holdout_net_amount, holdout_buyer_rate,
    holdout_value_per_head
from marts.campaign_lift
inner join marts.fct_touches using (campaign_code)
where fct_touches.is_holdout
order by arm;

-- table: lift_of_the_rate
select arm, rate_lift as lift, rate_lift_low as low, rate_lift_high as high, rate_relative_lift as relative,
    rate_verdict as verdict
from marts.campaign_lift order by arm;

-- table: lift_of_the_spend
select arm, value_lift as lift, value_lift_low as low, value_lift_high as high, value_relative_lift as relative,
    value_verdict as verdict
from marts.campaign_lift order by arm;
