{{ config(materialized='table') }}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

category_types as (

    select * from {{ ref('category_types') }}

),

amounts as (

    select
        orders.member_id,
        products.category,
        sum(order_lines.line_amount) as line_amount,
        min(orders.paid_date) as first_bought_date,
        max(orders.paid_date) as last_bought_date
    from order_lines
    inner join orders
        on order_lines.order_key = orders.order_key
    inner join products
        on order_lines.product_key = products.product_key
    where
        orders.member_order_number is not null
        and not order_lines.is_excluded
        and products.category is not null
    group by orders.member_id, products.category

),

ranked as (

    select
        amounts.*,
        category_types.product_type,
        row_number() over (
            partition by amounts.member_id
            order by amounts.line_amount desc, amounts.category asc
        ) as amount_rank
    from amounts
    left join category_types
        on amounts.category = category_types.category

)

select * from ranked
