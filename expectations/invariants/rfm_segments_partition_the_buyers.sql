-- Each member of a window is in one of the cells 1 to 8: a null or another code would be in none.
select
    member_rfm.member_id,
    member_rfm.rfm_window
from candidate.member_rfm
where
    member_rfm.segment_code is null
    or member_rfm.segment_code not between 1 and 8
