select
    member_id,
    count(*) as order_count
from {{ ref('member_orders') }}
where member_id <> 'unknown'
group by member_id
