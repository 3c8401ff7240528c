update member_rfm set net_amount = net_amount + 1
where rfm_window = 'lifetime' and member_id = (select min(member_id) from member_rfm);
