-- One row per arm that is not a holdout, newest campaign first, with the name of the holdout it is held against.
with

holdouts as (

    select
        campaign_code,
        string_agg(distinct arm, ', ' order by arm) as holdout_arm
    from fct_touches
    where is_holdout
    group by campaign_code

)

select
    lift.brand_code,
    lift.campaign_code,
    coalesce(campaigns.campaign_name, lift.campaign_code) as campaign_name,
    campaigns.first_touched_date,
    lift.arm,
    holdouts.holdout_arm,
    lift.outcome_days,
    lift.confidence_level,
    lift.has_holdout,
    lift.person_count,
    lift.holdout_person_count,
    lift.is_sample_ratio_ok,
    lift.srm_p_value,
    lift.buyer_rate,
    lift.holdout_buyer_rate,
    lift.rate_lift,
    lift.rate_lift_low,
    lift.rate_lift_high,
    lift.rate_p_value,
    lift.rate_verdict,
    lift.value_per_head,
    lift.holdout_value_per_head,
    lift.value_lift,
    lift.value_lift_low,
    lift.value_lift_high,
    lift.value_p_value,
    lift.value_verdict
from campaign_lift as lift
left join dim_campaigns as campaigns
    on lift.campaign_code = campaigns.campaign_code
left join holdouts
    on lift.campaign_code = holdouts.campaign_code
order by lift.brand_code, campaigns.first_touched_date desc nulls last, lift.campaign_code, lift.arm
