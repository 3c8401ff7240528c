-- One row per brand, window and cell of the grid of end consumers, empty cells too. Labels and actions are the project's
-- seed.
with

cells as (

    select
        brand_code,
        rfm_window,
        segment_code,
        any_value(segment_label_en) as label_en,
        any_value(segment_label_zh) as label_zh,
        count(*) as buyer_count,
        sum(net_amount) as net_amount,
        count(*) filter (where is_super_user) as super_user_count,
        count(*) filter (where is_priority_care) as priority_care_count
    from member_rfm
    where account_role = 'end_consumer'
    group by brand_code, rfm_window, segment_code

),

windows as (

    select
        brand_code,
        rfm_window,
        any_value(window_days) as window_days,
        any_value(threshold_method) as threshold_method,
        any_value(recency_threshold) as recency_threshold,
        any_value(order_count_threshold) as order_count_threshold,
        any_value(net_amount_threshold) as net_amount_threshold,
        count(*) as window_buyer_count,
        sum(net_amount) as window_net_amount
    from member_rfm
    where account_role = 'end_consumer'
    group by brand_code, rfm_window

)

select
    windows.brand_code,
    windows.rfm_window,
    windows.window_days,
    windows.threshold_method,
    windows.recency_threshold,
    windows.order_count_threshold,
    windows.net_amount_threshold,
    segments.segment_code,
    segments.is_recent,
    segments.is_frequent,
    segments.is_high_value,
    coalesce(cells.label_en, segments.label_en) as label_en,
    coalesce(cells.label_zh, segments.label_zh) as label_zh,
    segments.action_en,
    segments.action_zh,
    coalesce(cells.buyer_count, 0) as buyer_count,
    coalesce(cells.buyer_count, 0) / windows.window_buyer_count as buyer_share,
    coalesce(cells.net_amount, 0) as net_amount,
    case
        when windows.window_net_amount > 0
            then coalesce(cells.net_amount, 0) / windows.window_net_amount
    end as net_amount_share,
    coalesce(cells.super_user_count, 0) as super_user_count,
    coalesce(cells.priority_care_count, 0) as priority_care_count
from windows
cross join rfm_segments as segments
left join cells
    on
        windows.brand_code = cells.brand_code
        and windows.rfm_window = cells.rfm_window
        and segments.segment_code = cells.segment_code
order by
    windows.brand_code,
    windows.window_days nulls last,
    segments.segment_code
