{{ config(materialized='table') }}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

purchase_days as (

    select distinct
        member_id,
        paid_date
    from orders
    where member_order_number is not null

),

purchase_days_with_gaps as (

    select
        member_id,
        paid_date,
        {{ days_between(
            'lag(paid_date) over (partition by member_id order by paid_date)', 'paid_date'
        ) }} as gap_days,
        paid_date = max(paid_date) over (partition by member_id) as is_last
    from purchase_days

)

select * from purchase_days_with_gaps
