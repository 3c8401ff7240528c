insert into ltv_cac select * from ltv_cac where channel_code <> 'all' limit 1;
