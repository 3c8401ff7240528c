-- Per brand and channel, revenue and cost of the lifetime are those of its months.
select
    channel_roi.brand_code,
    channel_roi.channel_code
from candidate.channel_roi
group by channel_roi.brand_code, channel_roi.channel_code
having
    sum(case when channel_roi.period = 'lifetime' then channel_roi.net_revenue_amount else 0 end)
    <> sum(case when channel_roi.period = 'lifetime' then 0 else channel_roi.net_revenue_amount end)
    or sum(case when channel_roi.period = 'lifetime' then coalesce(channel_roi.cost_amount, 0) else 0 end)
    <> sum(case when channel_roi.period = 'lifetime' then 0 else coalesce(channel_roi.cost_amount, 0) end)
