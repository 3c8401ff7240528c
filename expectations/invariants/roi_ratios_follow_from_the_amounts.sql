-- roas = net revenue / cost and roi = (CM2 - cost) / cost, to six places; null where there is no cost.
with

recomputed as (

    select
        channel_roi.brand_code,
        channel_roi.period,
        channel_roi.channel_code,
        channel_roi.roas,
        channel_roi.roi,
        cast(channel_roi.net_revenue_amount as double) / nullif(channel_roi.cost_amount, 0) as expected_roas,
        cast(channel_roi.cm2_amount - channel_roi.cost_amount as double)
        / nullif(channel_roi.cost_amount, 0) as expected_roi
    from candidate.channel_roi

)

select
    recomputed.brand_code,
    recomputed.period,
    recomputed.channel_code
from recomputed
where
    (recomputed.roas is null) <> (recomputed.expected_roas is null)
    or (recomputed.roi is null) <> (recomputed.expected_roi is null)
    or abs(recomputed.roas - recomputed.expected_roas) > 0.00001
    or abs(recomputed.roi - recomputed.expected_roi) > 0.00001
