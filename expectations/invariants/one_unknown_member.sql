-- Exactly one row stands for everybody who is not known, and it alone says so.
select members.member_id
from candidate.dim_members as members
where (members.member_id = 'unknown') = members.is_known

union all

select 'unknown' as member_id
where not exists (
    select members.member_id
    from candidate.dim_members as members
    where members.member_id = 'unknown'
)
