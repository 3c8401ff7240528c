-- A touch reached a member who exists.
select touches.touch_key
from candidate.fct_touches as touches
anti join candidate.dim_members as members
    on touches.member_id = members.member_id
