-- Every order was placed on a surface that the brand's dim_channels knows.
select orders.order_key
from candidate.fct_orders as orders
anti join candidate.dim_channels as channels
    on
        orders.brand_code = channels.brand_code
        and orders.channel_code = channels.channel_code
