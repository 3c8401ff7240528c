insert into channel_roi select * replace (0 as net_revenue_amount)
from channel_roi where period <> 'lifetime' and cost_amount is null limit 1;
