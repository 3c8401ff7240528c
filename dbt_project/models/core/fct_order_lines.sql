with

order_lines as (

    select * from {{ ref('int_order_lines_conformed') }}

),

orders as (

    select * from {{ ref('int_orders_joined_to_lines') }}

),

lines_of_known_orders as (

    select
        -- ids
        order_lines.order_key || '|' || order_lines.line_number as order_line_key,
        order_lines.order_key,
        order_lines.line_number,
        orders.brand_code,
        orders.channel_code,
        orders.member_id,
        order_lines.product_key,

        -- what was sold
        order_lines.quantity,

        -- amounts, in the reporting currency
        '{{ var("reporting_currency") }}' as currency_code,
        {{ in_reporting_currency('order_lines.unit_price', 'orders.exchange_rate', scale=6) }}
            as unit_price,
        {{ in_reporting_currency('order_lines.line_amount', 'orders.exchange_rate') }}
            as line_amount,
        {{ in_reporting_currency('order_lines.unit_cost', 'orders.exchange_rate', scale=6) }}
            as unit_cost,
        {{ in_reporting_currency(
            'order_lines.quantity * order_lines.unit_cost', 'orders.exchange_rate'
        ) }} as cost_amount,

        -- dates
        orders.paid_date,

        -- does it count: with its order, or not
        order_lines.is_excluded or orders.is_excluded as is_excluded,
        case
            when order_lines.is_excluded then order_lines.exclusion_reason
            else orders.exclusion_reason
        end as exclusion_reason
    from order_lines
    inner join orders
        on order_lines.order_key = orders.order_key

)

select * from lines_of_known_orders
