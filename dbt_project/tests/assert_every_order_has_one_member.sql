{{ config(group='analytics') }}

-- An order belongs to one person or to nobody known: its lines name no two.
with

members_named_by_lines as (

    select
        order_key,
        count(distinct member_id) as member_count
    from {{ ref('int_order_lines_conformed') }}
    group by order_key

)

select *
from members_named_by_lines
where member_count > 1
