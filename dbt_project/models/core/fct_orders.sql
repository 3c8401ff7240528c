with

orders as (

    select * from {{ ref('int_orders_joined_to_lines') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

customers as (

    select * from {{ ref('int_customers_conformed') }}

),

refunds_per_order as (

    select
        order_key,
        sum(applied_amount) as refunded_amount,
        sum(refund_amount - applied_amount) filter (where not is_excluded) as refund_excess_amount
    from refunds
    where order_key is not null
    group by order_key

),

-- a source that never states an enrolment says nothing about who is enrolled
channels_with_enrolment as (

    select channel_code
    from customers
    where enrolled_at is not null
    group by channel_code

),

with_refunds as (

    select
        orders.*,
        cast(coalesce(refunds_per_order.refunded_amount, 0) as numeric(18, 2)) as refunded_amount,
        cast(
            coalesce(refunds_per_order.refund_excess_amount, 0) as numeric(18, 2)
        ) as refund_excess_amount,
        case
            when channels_with_enrolment.channel_code is not null
                then
                    coalesce(customers.enrolled_at <= orders.ordered_at, false)
                    and coalesce(customers.unenrolled_at > orders.ordered_at, true)
        end as is_enrolled
    from orders
    left join refunds_per_order
        on orders.order_key = refunds_per_order.order_key
    left join channels_with_enrolment
        on orders.channel_code = channels_with_enrolment.channel_code
    left join customers
        on
            orders.customer_key = customers.customer_key
            and not customers.is_excluded

),

judged as (

    select
        *,
        is_paid and not is_brushing and not is_excluded as is_counted,
        is_paid and paid_amount > 0 and refunded_amount >= paid_amount as is_fully_refunded,
        {{ cost_of_kept_goods('refunded_amount') }} as cost_of_goods_amount
    from with_refunds

),

valid_orders_numbered as (

    select
        order_key,
        row_number() over (
            partition by member_id
            order by paid_at, order_key
        ) as member_order_number
    from judged
    where
        is_counted
        and not is_fully_refunded
        and member_id <> 'unknown'

),

orders_with_everything as (

    select
        -- ids
        judged.order_key,
        judged.order_id,
        judged.brand_code,
        judged.channel_code,
        judged.member_id,

        -- what it is
        judged.order_status,
        judged.province,
        judged.store_code,
        judged.guide_code,

        -- amounts, in the reporting currency
        '{{ var("reporting_currency") }}' as currency_code,
        judged.paid_amount,
        judged.refunded_amount,
        judged.refund_excess_amount,
        cast(
            case when judged.is_paid then judged.paid_amount - judged.refunded_amount else 0 end
            as numeric(18, 2)
        ) as net_amount,
        judged.cost_of_goods_amount,

        -- counts
        cast(judged.unit_count as bigint) as unit_count,
        valid_orders_numbered.member_order_number,

        -- timestamps (UTC) and business dates
        judged.ordered_at,
        judged.ordered_date,
        judged.paid_at,
        judged.paid_date,
        judged.cancelled_at,

        -- states as known at as_of_date
        judged.is_paid,
        judged.is_fully_refunded,
        judged.is_brushing,
        judged.is_excluded,
        judged.exclusion_reason,
        judged.is_counted,
        judged.is_counted and not judged.is_fully_refunded as is_valid,
        judged.is_enrolled
    from judged
    left join valid_orders_numbered
        on judged.order_key = valid_orders_numbered.order_key

)

select * from orders_with_everything
