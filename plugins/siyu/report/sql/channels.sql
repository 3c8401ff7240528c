-- One row per brand, period and channel: everything up to as_of_date first, then the last 13 months.
select
    roi.brand_code,
    roi.period,
    roi.is_period_complete,
    roi.channel_code,
    coalesce(channels.name_en, roi.channel_code) as channel_en,
    coalesce(channels.name_zh, roi.channel_code) as channel_zh,
    roi.order_count,
    roi.net_revenue_amount,
    roi.cm2_amount,
    roi.cost_amount,
    roi.cost_types,
    roi.roas,
    roi.roi,
    coalesce(next_best.name_en, roi.next_best_channel_code) as next_best_en,
    coalesce(next_best.name_zh, roi.next_best_channel_code) as next_best_zh,
    roi.opportunity_gap_revenue_amount,
    roi.opportunity_gap_status
from channel_roi as roi
left join dim_channels as channels
    on
        roi.brand_code = channels.brand_code
        and roi.channel_code = channels.channel_code
left join dim_channels as next_best
    on
        roi.brand_code = next_best.brand_code
        and roi.next_best_channel_code = next_best.channel_code
where
    roi.period = 'lifetime'
    or roi.period >= strftime(roi.as_of_date - interval 12 month, '%Y-%m')
order by
    roi.brand_code,
    roi.period = 'lifetime' desc,
    roi.period desc,
    roi.net_revenue_amount desc,
    roi.channel_code
