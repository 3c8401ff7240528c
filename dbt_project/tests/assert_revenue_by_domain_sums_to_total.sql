-- A2: private and public revenue of a brand make up all of it; no order lies outside both.
{{ config(meta={'requirement': ['A2']}) }}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

revenue_by_domain as (

    select
        orders.brand_code,
        channels.domain_type,
        sum(orders.net_amount) as net_amount
    from orders
    inner join channels
        on
            orders.brand_code = channels.brand_code
            and orders.channel_code = channels.channel_code
    where orders.is_counted
    group by orders.brand_code, channels.domain_type

),

domains_together as (

    select
        brand_code,
        sum(net_amount) as net_amount
    from revenue_by_domain
    where domain_type in ('private', 'public')
    group by brand_code

),

totals as (

    select
        brand_code,
        sum(net_amount) as net_amount
    from orders
    where is_counted
    group by brand_code

)

select
    totals.brand_code,
    totals.net_amount,
    domains_together.net_amount as net_amount_by_domain
from totals
left join domains_together
    on totals.brand_code = domains_together.brand_code
where
    domains_together.net_amount is null
    or domains_together.net_amount <> totals.net_amount
