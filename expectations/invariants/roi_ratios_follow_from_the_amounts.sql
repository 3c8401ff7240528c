-- roas = net revenue / cost and roi = (CM2 - cost) / cost, to six places; null where there is no cost, and where
-- nothing is known of what a brand sold.
with

brands_with_orders as (

    select distinct brand_code
    from candidate.fct_orders
    where is_counted

),

recomputed as (

    select
        channel_roi.brand_code,
        channel_roi.period,
        channel_roi.channel_code,
        channel_roi.roas,
        channel_roi.roi,
        case
            when brands_with_orders.brand_code is not null
                then cast(channel_roi.net_revenue_amount as double) / nullif(channel_roi.cost_amount, 0)
        end as expected_roas,
        case
            when brands_with_orders.brand_code is not null
                then
                    cast(channel_roi.cm2_amount - channel_roi.cost_amount as double)
                    / nullif(channel_roi.cost_amount, 0)
        end as expected_roi
    from candidate.channel_roi
    left join brands_with_orders
        on channel_roi.brand_code = brands_with_orders.brand_code

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
