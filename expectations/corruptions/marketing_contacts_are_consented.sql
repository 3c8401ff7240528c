update member_360
set marketing_contact_channels = 'sms'
where member_id = (select min(member_id) from member_360 where marketing_contact_channels is null);
