-- All money of a publication is in one currency: the one that most orders carry.
with

currencies as (

    select orders.order_key as row_key, orders.currency_code
    from candidate.fct_orders as orders

    union all

    select refunds.refund_key as row_key, refunds.currency_code
    from candidate.fct_refunds as refunds

    union all

    select order_lines.order_line_key as row_key, order_lines.currency_code
    from candidate.fct_order_lines as order_lines

    union all

    select costs.cost_key as row_key, costs.currency_code
    from candidate.fct_costs as costs

),

usual as (

    select mode(currencies.currency_code) as currency_code
    from currencies

)

select currencies.row_key
from currencies
cross join usual
where currencies.currency_code is distinct from usual.currency_code
