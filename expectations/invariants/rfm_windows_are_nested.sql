-- Who bought within a window bought at least as often over the lifetime.
select
    windows.member_id,
    windows.rfm_window
from candidate.member_rfm as windows
left join candidate.member_rfm as lifetimes
    on
        windows.member_id = lifetimes.member_id
        and lifetimes.rfm_window = 'lifetime'
where
    lifetimes.order_count is null
    or windows.order_count > lifetimes.order_count
