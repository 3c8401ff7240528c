update dim_members set is_known = false
where member_id = (select min(member_id) from dim_members where is_known and first_order_at is null);
