{{ config(materialized='table') }}

with

refunds as (

    select
        *,
        {{ business_date('refunded_at') }} as refunded_date
    from {{ ref('int_refunds_conformed') }}

),

orders as (

    select * from {{ ref('int_orders_joined_to_lines') }}

),

matches as (

    select * from {{ ref('int_refunds_matched_to_orders') }}

),

linked as (

    select
        refunds.*,
        coalesce(matches.order_key, named_orders.order_key) as linked_order_key,
        case
            when named_orders.order_key is not null then 'source'
            when matches.order_key is not null then 'matched'
            else 'none'
        end as link_basis
    from refunds
    left join orders as named_orders
        on refunds.order_key = named_orders.order_key
    left join matches
        on refunds.refund_key = matches.refund_key
    where refunds.refunded_date <= {{ as_of_date() }}

)

select * from linked
