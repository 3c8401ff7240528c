create temp table hit as
select channel_code, min(period) as period from channel_roi
where period <> 'lifetime' and channel_code not in (
    select channel_code from channel_roi where cost_amount is not null
)
group by channel_code order by channel_code limit 1;
update channel_roi set net_revenue_amount = net_revenue_amount + 1 from hit
where channel_roi.channel_code = hit.channel_code and channel_roi.period = hit.period;
