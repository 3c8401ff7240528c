-- Each arm of a campaign that was not left alone has a row in campaign_lift, and no other has.
with

treated as (

    select
        touches.campaign_code,
        touches.arm
    from candidate.fct_touches as touches
    group by touches.campaign_code, touches.arm
    having not bool_or(touches.is_holdout)

)

select
    coalesce(treated.campaign_code, campaign_lift.campaign_code) as campaign_code,
    coalesce(treated.arm, campaign_lift.arm) as arm
from treated
full outer join candidate.campaign_lift
    on
        treated.campaign_code = campaign_lift.campaign_code
        and treated.arm = campaign_lift.arm
where
    treated.arm is null
    or campaign_lift.arm is null
