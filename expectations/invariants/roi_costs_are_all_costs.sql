-- Per brand and channel, every cost of fct_costs is in the lifetime row of channel_roi: as cost, or as commission
-- and gifts.
with

costs_per_channel as (

    select
        costs.brand_code,
        costs.channel_code,
        sum(costs.cost_amount) as cost_amount
    from candidate.fct_costs as costs
    group by costs.brand_code, costs.channel_code

),

lifetimes as (

    select
        channel_roi.brand_code,
        channel_roi.channel_code,
        coalesce(channel_roi.cost_amount, 0) + coalesce(channel_roi.commission_and_gift_amount, 0) as cost_amount
    from candidate.channel_roi
    where channel_roi.period = 'lifetime'

)

select
    coalesce(costs_per_channel.brand_code, lifetimes.brand_code) as brand_code,
    coalesce(costs_per_channel.channel_code, lifetimes.channel_code) as channel_code
from costs_per_channel
full outer join lifetimes
    on
        costs_per_channel.brand_code = lifetimes.brand_code
        and costs_per_channel.channel_code = lifetimes.channel_code
where coalesce(costs_per_channel.cost_amount, 0) is distinct from coalesce(lifetimes.cost_amount, 0)
