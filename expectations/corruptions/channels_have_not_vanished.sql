delete from fct_orders where channel_code in (
    select channel_code from fct_orders group by channel_code having not bool_or(is_paid)
);
