delete from campaign_lift;
