update fct_orders set paid_amount = paid_amount * 100 where channel_code in (
    select channel_code from fct_orders group by channel_code having not bool_or(is_paid)
);
