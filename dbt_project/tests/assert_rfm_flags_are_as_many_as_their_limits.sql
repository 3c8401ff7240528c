-- Super users are exactly as many as their limit, priority care as many as limit and repeat buyers
-- allow, and the stored number of buyers is the number of rows.
select
    brand_code,
    account_role,
    rfm_window,
    any_value(super_user_limit) as super_user_limit,
    any_value(priority_care_limit) as priority_care_limit
from {{ ref('member_rfm') }}
group by brand_code, account_role, rfm_window
having
    count(*) <> any_value(buyer_count)
    or count(*) filter (where is_super_user) <> any_value(super_user_limit)
    or count(*) filter (where is_priority_care)
    <> least(any_value(priority_care_limit), count(*) filter (where repeat_order_count > 0))
