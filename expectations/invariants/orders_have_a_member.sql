-- Every order belongs to exactly one member: a known one, or 'unknown'.
select orders.order_key
from candidate.fct_orders as orders
anti join candidate.dim_members as members
    on orders.member_id = members.member_id
