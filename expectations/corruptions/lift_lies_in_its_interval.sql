update campaign_lift set person_count = assigned_count + 1;
