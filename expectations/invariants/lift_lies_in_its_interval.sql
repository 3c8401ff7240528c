-- A lift is inside its own interval, and whoever was counted had been assigned.
select
    campaign_lift.campaign_code,
    campaign_lift.arm
from candidate.campaign_lift
where
    campaign_lift.rate_lift not between campaign_lift.rate_lift_low and campaign_lift.rate_lift_high
    or campaign_lift.value_lift not between campaign_lift.value_lift_low and campaign_lift.value_lift_high
    or campaign_lift.person_count > campaign_lift.assigned_count
    or campaign_lift.buyer_count > campaign_lift.person_count
