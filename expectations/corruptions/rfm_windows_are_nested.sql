update member_rfm set order_count = order_count + 1000
where
    rfm_window = '365d'
    and member_id = (select min(member_id) from member_rfm where rfm_window = '365d');
