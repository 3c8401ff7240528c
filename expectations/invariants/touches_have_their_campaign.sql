-- A touch belongs to a campaign that exists.
select touches.touch_key
from candidate.fct_touches as touches
anti join candidate.dim_campaigns as campaigns
    on touches.campaign_code = campaigns.campaign_code
