update member_rfm set segment_code = 9
where rfm_window = 'lifetime' and member_id = (select min(member_id) from member_rfm);
