insert into member_rfm select * from member_rfm where rfm_window = '365d' limit 1;
