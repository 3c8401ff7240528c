with

refunds as (

    select
        *,
        {{ business_date('refunded_at') }} as refunded_date
    from {{ ref('int_refunds_conformed') }}

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

orders as (

    select * from {{ ref('int_orders_joined_to_lines') }}

),

unnamed_refunds as (

    select
        refund_key,
        channel_code,
        customer_key,
        product_key,
        refund_quantity,
        unit_price,
        currency_code,
        refunded_at
    from refunds
    where
        order_key is null
        and customer_key is not null
        and refund_quantity > 0
        and not is_excluded
        and refunded_date <= {{ as_of_date() }}

),

sold_lines as (

    select
        order_lines.order_line_key,
        order_lines.order_key,
        orders.customer_key,
        order_lines.product_key,
        order_lines.quantity,
        order_lines.unit_price,
        order_lines.line_number,
        orders.source_currency_code,
        orders.exchange_rate,
        orders.paid_at
    from order_lines
    inner join orders
        on order_lines.order_key = orders.order_key
    where
        orders.is_paid
        and not orders.is_excluded
        and not order_lines.is_excluded
        and orders.customer_key is not null

),

-- the latest earlier sale of the same thing, at the same price, to the same person;
-- a product key begins with its channel, so the channel is the same as well
candidates as (

    select
        unnamed_refunds.refund_key,
        unnamed_refunds.refunded_at,
        unnamed_refunds.refund_quantity,
        sold_lines.order_line_key,
        sold_lines.order_key,
        sold_lines.quantity as sold_quantity,
        row_number() over (
            partition by unnamed_refunds.refund_key
            order by
                sold_lines.paid_at desc,
                sold_lines.order_key desc,
                sold_lines.line_number asc
        ) as candidate_rank
    from unnamed_refunds
    inner join sold_lines
        on
            unnamed_refunds.customer_key = sold_lines.customer_key
            and unnamed_refunds.product_key = sold_lines.product_key
            and unnamed_refunds.currency_code = sold_lines.source_currency_code
            and unnamed_refunds.refund_quantity <= sold_lines.quantity
            and unnamed_refunds.refunded_at >= sold_lines.paid_at
            and {{ in_reporting_currency(
                'unnamed_refunds.unit_price', 'sold_lines.exchange_rate', scale=6
            ) }} = sold_lines.unit_price

),

-- a line cannot come back more often than it was sold; a refund that does not fit, and those
-- after it for the same line, stay unlinked
candidates_with_returned_so_far as (

    select
        *,
        sum(refund_quantity) over (
            partition by order_line_key
            order by refunded_at, refund_key
            rows between unbounded preceding and current row
        ) as returned_quantity
    from candidates
    where candidate_rank = 1

),

matched as (

    select
        refund_key,
        order_line_key,
        order_key
    from candidates_with_returned_so_far
    where returned_quantity <= sold_quantity

)

select * from matched
