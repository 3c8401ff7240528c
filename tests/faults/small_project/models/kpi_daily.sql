select
    business_date,
    count(*) as order_count,
    cast(sum(net_amount) as decimal(18, 2)) as net_amount
from {{ ref('fct_orders') }}
group by business_date
