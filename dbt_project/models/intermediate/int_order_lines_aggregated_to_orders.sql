with

order_lines as (

    select * from {{ ref('int_order_lines_conformed') }}

),

aggregated as (

    select
        -- ids; every line of an order names one customer (tested), so min() only skips the blanks
        order_key,
        min(order_id) as order_id,
        min(brand_code) as brand_code,
        min(channel_code) as channel_code,
        min(customer_key) as customer_key,
        min(currency_code) as currency_code,

        -- timestamps (UTC)
        min(coalesce(ordered_at, paid_at)) as ordered_at,
        min(paid_at) as paid_at,

        -- does it count
        bool_and(is_excluded) as is_excluded,
        -- brushing before any other reason: it alone is shown apart
        case
            when bool_and(is_excluded)
                then coalesce(
                    min(exclusion_reason) filter (where exclusion_reason = 'brushing'),
                    min(exclusion_reason)
                )
        end as exclusion_reason,

        -- counting lines; a brushed order keeps its amount, to be shown apart
        case
            when bool_and(is_excluded)
                then coalesce(sum(line_amount) filter (where exclusion_reason = 'brushing'), 0)
            else coalesce(sum(line_amount) filter (where not is_excluded), 0)
        end as line_amount,
        coalesce(sum(quantity) filter (where not is_excluded), 0) as unit_count,
        case
            when coalesce(bool_and(unit_cost is not null) filter (where not is_excluded), true)
                then coalesce(sum(quantity * unit_cost) filter (where not is_excluded), 0)
        end as cost_amount
    from order_lines
    group by order_key

)

select * from aggregated
