with

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

costs as (

    select * from {{ ref('fct_costs') }}

),

cost_types as (

    select * from {{ ref('cost_types') }}

),

order_months as (

    select
        brand_code,
        channel_code,
        {{ month_of('paid_date') }} as period_month,
        count(*) filter (where is_valid) as order_count,
        sum(net_amount) as net_amount,
        sum(cost_of_goods_amount) as cost_of_goods_amount,
        bool_or(cost_of_goods_amount is null) as has_unknown_cost
    from orders
    where is_counted
    group by brand_code, channel_code, period_month

),

-- a refund of no known order lessens the month it was paid back in
unlinked_refund_months as (

    select
        brand_code,
        channel_code,
        {{ month_of('refunded_date') }} as period_month,
        sum(applied_amount) as refunded_amount
    from refunds
    where
        order_key is null
        and not is_excluded
    group by brand_code, channel_code, period_month

),

-- commission and gifts lessen CM2, unless they were spent on acquisition; the rest is the cost
-- that revenue and CM2 are held against, so that nothing is taken off twice
cost_months as (

    select
        costs.brand_code,
        costs.channel_code,
        {{ month_of('costs.cost_date') }} as period_month,
        {{ sorted_list('costs.cost_type') }} as cost_types,
        sum(costs.cost_amount) filter (
            where cost_types.is_in_cm2 and costs.cost_purpose <> 'acquisition'
        ) as commission_and_gift_amount,
        sum(costs.cost_amount) filter (
            where not cost_types.is_in_cm2 or costs.cost_purpose = 'acquisition'
        ) as cost_amount
    from costs
    inner join cost_types
        on costs.cost_type = cost_types.cost_type
    group by costs.brand_code, costs.channel_code, period_month

),

channel_months as (

    select
        brand_code,
        channel_code,
        period_month
    from order_months

    union

    select
        brand_code,
        channel_code,
        period_month
    from unlinked_refund_months

    union

    select
        brand_code,
        channel_code,
        period_month
    from cost_months

),

month_rows as (

    select
        channel_months.brand_code,
        channel_months.channel_code,
        channel_months.period_month,
        order_months.order_count,
        coalesce(order_months.net_amount, 0)
        - coalesce(unlinked_refund_months.refunded_amount, 0) as net_amount,
        order_months.cost_of_goods_amount,
        order_months.has_unknown_cost,
        cost_months.cost_types,
        cost_months.commission_and_gift_amount,
        cost_months.cost_amount
    from channel_months
    left join order_months
        on
            channel_months.brand_code = order_months.brand_code
            and channel_months.channel_code = order_months.channel_code
            and channel_months.period_month = order_months.period_month
    left join unlinked_refund_months
        on
            channel_months.brand_code = unlinked_refund_months.brand_code
            and channel_months.channel_code = unlinked_refund_months.channel_code
            and channel_months.period_month = unlinked_refund_months.period_month
    left join cost_months
        on
            channel_months.brand_code = cost_months.brand_code
            and channel_months.channel_code = cost_months.channel_code
            and channel_months.period_month = cost_months.period_month

),

-- each row counts in its own month and in the lifetime
rows_of_month_and_lifetime as (

    select
        *,
        unnest([{{ month_code('period_month') }}, 'lifetime']) as period
    from month_rows

),

periods as (

    select
        brand_code,
        channel_code,
        period,
        period = 'lifetime' or last_day(max(period_month)) <= {{ as_of_date() }}
            as is_period_complete,
        coalesce(sum(order_count), 0) as order_count,
        sum(net_amount) as net_amount,
        coalesce(sum(cost_of_goods_amount), 0) as cost_of_goods_amount,
        coalesce(bool_or(has_unknown_cost), false) as has_unknown_cost,
        {{ merge_lists('cost_types') }} as cost_types,
        coalesce(sum(commission_and_gift_amount), 0) as commission_and_gift_amount,
        sum(cost_amount) as cost_amount
    from rows_of_month_and_lifetime
    group by brand_code, channel_code, period

),

-- what a brand without any order sold is unknown, not 0
brands_with_orders as (

    select distinct brand_code
    from orders
    where is_counted

),

returns as (

    select
        periods.*,
        brands_with_orders.brand_code is not null as is_revenue_known,
        case
            when not periods.has_unknown_cost
                then
                    periods.net_amount
                    - periods.cost_of_goods_amount
                    - periods.commission_and_gift_amount
        end as cm2_amount
    from periods
    left join brands_with_orders
        on periods.brand_code = brands_with_orders.brand_code

),

returns_per_cost as (

    select
        *,
        case
            when is_revenue_known then {{ ratio('net_amount', 'cost_amount') }}
        end as roas,
        case
            when is_revenue_known then {{ ratio('cm2_amount - cost_amount', 'cost_amount') }}
        end as roi
    from returns

),

-- what the same cost would have brought in each other channel of the period
alternatives as (

    select
        own.brand_code,
        own.channel_code,
        own.period,
        other.channel_code as other_channel_code,
        other.cost_types as other_cost_types,
        own.cost_types = other.cost_types as is_comparable,
        other.roas as other_roas,
        other.roi as other_roi,
        own.net_amount
        - cast(other.net_amount as double) * own.cost_amount / other.cost_amount as net_amount_gap,
        own.cm2_amount
        - cast(other.cm2_amount as double) * own.cost_amount / other.cost_amount as cm2_gap
    from returns_per_cost as own
    inner join returns_per_cost as other
        on
            own.brand_code = other.brand_code
            and own.period = other.period
            and own.channel_code <> other.channel_code
    where
        own.is_revenue_known
        and own.cost_amount > 0
        and other.cost_amount > 0

),

alternatives_ranked as (

    select
        *,
        row_number() over (
            partition by brand_code, channel_code, period
            order by is_comparable desc, other_roas desc, other_channel_code asc
        ) as roas_rank,
        row_number() over (
            partition by brand_code, channel_code, period
            order by is_comparable desc, other_roi desc nulls last, other_channel_code asc
        ) as roi_rank
    from alternatives

),

against_next_best as (

    select
        -- ids
        returns_per_cost.brand_code,
        returns_per_cost.period,
        returns_per_cost.channel_code,
        {{ as_of_date() }} as as_of_date,
        returns_per_cost.is_period_complete,

        -- what came in
        '{{ var("reporting_currency") }}' as currency_code,
        cast(returns_per_cost.order_count as bigint) as order_count,
        cast(returns_per_cost.net_amount as numeric(18, 2)) as net_revenue_amount,
        cast(
            case
                when not returns_per_cost.has_unknown_cost
                    then returns_per_cost.cost_of_goods_amount
            end
            as numeric(18, 2)
        ) as cost_of_goods_amount,
        not returns_per_cost.has_unknown_cost as is_cost_of_goods_known,
        cast(returns_per_cost.commission_and_gift_amount as numeric(18, 2))
            as commission_and_gift_amount,
        cast(returns_per_cost.cm2_amount as numeric(18, 2)) as cm2_amount,

        -- what it cost
        cast(returns_per_cost.cost_amount as numeric(18, 2)) as cost_amount,
        returns_per_cost.cost_types,
        returns_per_cost.roas,
        returns_per_cost.roi,

        -- against the next best use of the same money
        best_by_roas.other_channel_code as next_best_channel_code,
        best_by_roas.other_cost_types as next_best_cost_types,
        case
            when best_by_roas.is_comparable
                then cast(best_by_roas.net_amount_gap as numeric(18, 2))
        end as opportunity_gap_revenue_amount,
        best_by_roi.other_channel_code as next_best_cm2_channel_code,
        case
            when best_by_roi.is_comparable
                then cast(best_by_roi.cm2_gap as numeric(18, 2))
        end as opportunity_gap_cm2_amount,
        case
            when coalesce(returns_per_cost.cost_amount, 0) = 0 then 'no_cost'
            when not returns_per_cost.is_revenue_known then 'no_order'
            when best_by_roas.other_channel_code is null then 'no_alternative'
            when best_by_roas.is_comparable then 'compared'
            else 'cost_rule_mismatch'
        end as opportunity_gap_status
    from returns_per_cost
    left join alternatives_ranked as best_by_roas
        on
            returns_per_cost.brand_code = best_by_roas.brand_code
            and returns_per_cost.channel_code = best_by_roas.channel_code
            and returns_per_cost.period = best_by_roas.period
            and best_by_roas.roas_rank = 1
    left join alternatives_ranked as best_by_roi
        on
            returns_per_cost.brand_code = best_by_roi.brand_code
            and returns_per_cost.channel_code = best_by_roi.channel_code
            and returns_per_cost.period = best_by_roi.period
            and best_by_roi.roi_rank = 1

)

select * from against_next_best
