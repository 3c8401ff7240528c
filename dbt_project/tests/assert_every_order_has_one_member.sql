{{ config(group='analytics') }}

-- An order belongs to one person or to nobody known: its lines name no two.
with

customers_named_by_lines as (

    select
        order_key,
        count(distinct customer_key) as customer_count
    from {{ ref('int_order_lines_conformed') }}
    group by order_key

)

select *
from customers_named_by_lines
where customer_count > 1
