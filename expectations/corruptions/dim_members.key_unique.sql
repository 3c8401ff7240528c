insert into dim_members select * from dim_members where is_known and first_order_at is null limit 1;
