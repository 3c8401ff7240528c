update campaign_lift set rate_p_value = 1.5;
