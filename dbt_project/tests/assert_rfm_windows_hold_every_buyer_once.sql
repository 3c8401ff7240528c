-- Each window of member_rfm counts the buyers, orders and net revenue that fct_orders has in it.
with

windows as (

    select
        rfm_window,
        any_value(window_days) as window_days,
        count(*) as buyer_count,
        sum(order_count) as order_count,
        sum(repeat_order_count) as repeat_order_count,
        sum(net_amount) as net_amount
    from {{ ref('member_rfm') }}
    group by rfm_window

),

expected_windows as (

    {% for days in var('rfm_window_days') %}
        select
            '{{ days }}d' as rfm_window,
            {{ add_days(as_of_date(), -days) }} as first_date_out
        union all
    {% endfor %}
    select
        'lifetime' as rfm_window,
        cast('0001-01-01' as date) as first_date_out

),

facts as (

    select
        expected_windows.rfm_window,
        count(distinct orders.member_id) as buyer_count,
        count(*) as order_count,
        count(*) filter (where orders.member_order_number >= 2) as repeat_order_count,
        sum(orders.net_amount) as net_amount
    from expected_windows
    inner join {{ ref('fct_orders') }} as orders
        on expected_windows.first_date_out < orders.paid_date
    where
        orders.is_valid
        and orders.member_id <> 'unknown'
    group by expected_windows.rfm_window

)

select
    facts.*,
    windows.buyer_count as rfm_buyer_count,
    windows.order_count as rfm_order_count,
    windows.net_amount as rfm_net_amount
from facts
full outer join windows
    on facts.rfm_window = windows.rfm_window
where
    facts.buyer_count is distinct from windows.buyer_count
    or facts.order_count is distinct from windows.order_count
    or facts.repeat_order_count is distinct from windows.repeat_order_count
    or facts.net_amount is distinct from windows.net_amount
