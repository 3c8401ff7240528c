{%- set figures = [
    'gmv_amount', 'refund_amount', 'identified_net_amount', 'brushing_amount', 'brushing_count',
    'order_count', 'identified_order_count', 'valid_order_count', 'identified_valid_order_count',
    'member_order_count', 'member_repeat_order_count', 'unit_count', 'order_without_units_count',
    'refunded_on_day_amount', 'unlinked_refund_amount', 'mature_first_order_count',
    'second_order_count',
] -%}
with

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

members as (

    select * from {{ ref('dim_members') }}

),

-- 1. what adds up over days, per channel ------------------------------------------------------

sales_per_day as (

    select
        brand_code,
        channel_code,
        paid_date as date_day,
        coalesce(sum(paid_amount) filter (where is_counted), 0) as gmv_amount,
        coalesce(sum(refunded_amount) filter (where is_counted), 0) as refund_amount,
        coalesce(sum(net_amount) filter (where is_counted and member_id <> 'unknown'), 0)
            as identified_net_amount,
        coalesce(sum(paid_amount) filter (where is_brushing), 0) as brushing_amount,
        count(*) filter (where is_brushing) as brushing_count,
        count(*) filter (where is_counted) as order_count,
        count(*) filter (where is_counted and member_id <> 'unknown') as identified_order_count,
        count(*) filter (where is_valid) as valid_order_count,
        count(*) filter (where is_valid and member_id <> 'unknown')
            as identified_valid_order_count,
        count(*) filter (where is_valid and is_enrolled) as member_order_count,
        count(*) filter (where is_valid and is_enrolled and member_order_number >= 2)
            as member_repeat_order_count,
        coalesce(sum(unit_count) filter (where is_valid), 0) as unit_count,
        count(*) filter (where is_valid and unit_count is null) as order_without_units_count
    from orders
    where is_paid
    group by brand_code, channel_code, paid_date

),

-- a linked refund belongs to the brand of its order, and counts only where the order does
refunds_per_day as (

    select
        refunds.brand_code,
        refunds.channel_code,
        refunds.refunded_date as date_day,
        sum(refunds.applied_amount) as refunded_on_day_amount,
        coalesce(sum(refunds.applied_amount) filter (where refunds.order_key is null), 0)
            as unlinked_refund_amount,
        coalesce(
            sum(refunds.applied_amount) filter (
                where refunds.order_key is null and refunds.member_id <> 'unknown'
            ),
            0
        ) as identified_unlinked_refund_amount
    from refunds
    left join orders
        on refunds.order_key = orders.order_key
    where
        not refunds.is_excluded
        and (refunds.order_key is null or orders.is_counted)
    group by refunds.brand_code, refunds.channel_code, refunds.refunded_date

),

first_and_second_orders as (

    select
        first_orders.brand_code,
        first_orders.channel_code,
        {{ add_days('first_orders.paid_date', var('second_order_days')) }} as mature_date,
        {{ days_between('first_orders.paid_date', 'second_orders.paid_date') }}
        <= {{ var('second_order_days') }} as is_converted
    from orders as first_orders
    left join orders as second_orders
        on
            first_orders.member_id = second_orders.member_id
            and second_orders.member_order_number = 2
    where first_orders.member_order_number = 1

),

-- dated on the day on which they become mature, so that they share the windows of everything else
first_orders_per_day as (

    select
        brand_code,
        channel_code,
        mature_date as date_day,
        count(*) as mature_first_order_count,
        count(*) filter (where is_converted) as second_order_count
    from first_and_second_orders
    where mature_date <= {{ as_of_date() }}
    group by brand_code, channel_code, mature_date

),

channel_days as (

    select
        brand_code,
        channel_code,
        date_day
    from sales_per_day

    union

    select
        brand_code,
        channel_code,
        date_day
    from refunds_per_day

    union

    select
        brand_code,
        channel_code,
        date_day
    from first_orders_per_day

),

figures_per_channel_day as (

    select
        channel_days.brand_code,
        channel_days.channel_code,
        channel_days.date_day,
        coalesce(sales_per_day.gmv_amount, 0) as gmv_amount,
        coalesce(sales_per_day.refund_amount, 0) as refund_amount,
        coalesce(sales_per_day.identified_net_amount, 0)
        - coalesce(refunds_per_day.identified_unlinked_refund_amount, 0) as identified_net_amount,
        coalesce(sales_per_day.brushing_amount, 0) as brushing_amount,
        coalesce(sales_per_day.brushing_count, 0) as brushing_count,
        coalesce(sales_per_day.order_count, 0) as order_count,
        coalesce(sales_per_day.identified_order_count, 0) as identified_order_count,
        coalesce(sales_per_day.valid_order_count, 0) as valid_order_count,
        coalesce(sales_per_day.identified_valid_order_count, 0) as identified_valid_order_count,
        coalesce(sales_per_day.member_order_count, 0) as member_order_count,
        coalesce(sales_per_day.member_repeat_order_count, 0) as member_repeat_order_count,
        coalesce(sales_per_day.unit_count, 0) as unit_count,
        coalesce(sales_per_day.order_without_units_count, 0) as order_without_units_count,
        coalesce(refunds_per_day.refunded_on_day_amount, 0) as refunded_on_day_amount,
        coalesce(refunds_per_day.unlinked_refund_amount, 0) as unlinked_refund_amount,
        coalesce(first_orders_per_day.mature_first_order_count, 0) as mature_first_order_count,
        coalesce(first_orders_per_day.second_order_count, 0) as second_order_count
    from channel_days
    left join sales_per_day
        on
            channel_days.brand_code = sales_per_day.brand_code
            and channel_days.channel_code = sales_per_day.channel_code
            and channel_days.date_day = sales_per_day.date_day
    left join refunds_per_day
        on
            channel_days.brand_code = refunds_per_day.brand_code
            and channel_days.channel_code = refunds_per_day.channel_code
            and channel_days.date_day = refunds_per_day.date_day
    left join first_orders_per_day
        on
            channel_days.brand_code = first_orders_per_day.brand_code
            and channel_days.channel_code = first_orders_per_day.channel_code
            and channel_days.date_day = first_orders_per_day.date_day

),

-- the brand as a whole is one more channel, called 'all'
figures_per_day as (

    select
        brand_code,
        channel_code,
        date_day,
        {{ figures | join(', ') }}
    from figures_per_channel_day

    union all

    select
        brand_code,
        'all' as channel_code,
        date_day,
        {{ sum_each(figures) }}
    from figures_per_channel_day
    group by brand_code, date_day

),

-- 2. which rows there are ---------------------------------------------------------------------

first_days as (

    select
        brand_code,
        channel_code,
        min(date_day) as first_date
    from figures_per_day
    group by brand_code, channel_code

),

enrolment_per_channel as (

    select
        brand_code,
        channel_code,
        bool_and(is_enrolled is not null) as has_enrolment_data
    from orders
    group by brand_code, channel_code

),

enrolment as (

    select
        brand_code,
        channel_code,
        has_enrolment_data
    from enrolment_per_channel

    union all

    select
        brand_code,
        'all' as channel_code,
        bool_and(has_enrolment_data) as has_enrolment_data
    from enrolment_per_channel
    group by brand_code

),

window_ends as (

    select {{ as_of_date() }} as business_date

    union all

    select {{ month_end_before(as_of_date(), 'month_ends.months_before') }} as business_date
    from (select {{ unnest_numbers(range(var('kpi_month_ends'))) }} as months_before) as month_ends

),

rolling_windows as (

    select
        business_date,
        {{ unnest_numbers(var('kpi_window_days')) }} as window_days
    from window_ends

),

rows_of_days as (

    select
        brand_code,
        channel_code,
        {{ unnest_days('first_date', as_of_date()) }} as business_date,
        1 as window_days
    from first_days

),

rows_of_kpi as (

    select
        brand_code,
        channel_code,
        business_date,
        window_days
    from rows_of_days

    union all

    select
        first_days.brand_code,
        first_days.channel_code,
        rolling_windows.business_date,
        rolling_windows.window_days
    from first_days
    inner join rolling_windows
        on first_days.first_date <= rolling_windows.business_date

),

-- which rolling windows a day is in, so that facts meet windows by equality
days as (

    select date_day
    from figures_per_day
    group by date_day

),

days_in_windows as (

    select
        days.date_day,
        rolling_windows.business_date,
        rolling_windows.window_days
    from days
    inner join rolling_windows
        on
            days.date_day
            > {{ add_days('rolling_windows.business_date', '-rolling_windows.window_days') }}
            and days.date_day <= rolling_windows.business_date

),

days_in_previous_windows as (

    select
        days.date_day,
        rolling_windows.business_date,
        rolling_windows.window_days,
        {{ add_days('rolling_windows.business_date', '-rolling_windows.window_days') }}
            as previous_business_date
    from days
    inner join rolling_windows
        on
            days.date_day > {{ add_days(
                'rolling_windows.business_date', '-2 * rolling_windows.window_days'
            ) }}
            and days.date_day
            <= {{ add_days('rolling_windows.business_date', '-rolling_windows.window_days') }}

),

figures_per_window as (

    select
        brand_code,
        channel_code,
        date_day as business_date,
        1 as window_days,
        {{ figures | join(', ') }}
    from figures_per_day

    union all

    select
        figures_per_day.brand_code,
        figures_per_day.channel_code,
        days_in_windows.business_date,
        days_in_windows.window_days,
        {{ sum_each(figures, 'figures_per_day') }}
    from figures_per_day
    inner join days_in_windows
        on figures_per_day.date_day = days_in_windows.date_day
    group by
        figures_per_day.brand_code,
        figures_per_day.channel_code,
        days_in_windows.business_date,
        days_in_windows.window_days

),

-- 3. what is counted in persons: valid orders of known members ---------------------------------
-- Numbers stand for brand, channel and person here: the widest step groups by them, and numbers are
-- several times as fast as names.

scopes as (

    select
        brand_code,
        channel_code,
        row_number() over (order by brand_code, channel_code) as scope_number
    from first_days

),

scopes_of_channels as (

    select
        scopes.brand_code,
        scopes.channel_code,
        scopes.scope_number,
        brand_scopes.scope_number as brand_scope_number
    from scopes
    inner join scopes as brand_scopes
        on
            scopes.brand_code = brand_scopes.brand_code
            and brand_scopes.channel_code = 'all'

),

persons as (

    select
        member_id,
        first_order_date,
        row_number() over (order by member_id) as member_number
    from members
    where first_order_date is not null

),

buyers_per_channel_day as (

    select
        scopes_of_channels.scope_number,
        scopes_of_channels.brand_scope_number,
        persons.member_number,
        orders.paid_date as date_day,
        count(*) as order_count,
        cast(sum(orders.net_amount) as numeric(18, 2)) as net_amount
    from orders
    inner join scopes_of_channels
        on
            orders.brand_code = scopes_of_channels.brand_code
            and orders.channel_code = scopes_of_channels.channel_code
    inner join persons
        on orders.member_id = persons.member_id
    where orders.member_order_number is not null
    group by
        scopes_of_channels.scope_number,
        scopes_of_channels.brand_scope_number,
        persons.member_number,
        orders.paid_date

),

buyers_per_day as (

    select
        scope_number,
        member_number,
        date_day,
        order_count,
        net_amount
    from buyers_per_channel_day

    union all

    select
        brand_scope_number as scope_number,
        member_number,
        date_day,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(net_amount) as numeric(18, 2)) as net_amount
    from buyers_per_channel_day
    group by brand_scope_number, member_number, date_day

),

buyers_per_window as (

    select
        scope_number,
        date_day as business_date,
        1 as window_days,
        member_number,
        order_count,
        net_amount
    from buyers_per_day

    union all

    select
        buyers_per_day.scope_number,
        days_in_windows.business_date,
        days_in_windows.window_days,
        buyers_per_day.member_number,
        cast(sum(buyers_per_day.order_count) as bigint) as order_count,
        cast(sum(buyers_per_day.net_amount) as numeric(18, 2)) as net_amount
    from buyers_per_day
    inner join days_in_windows
        on buyers_per_day.date_day = days_in_windows.date_day
    group by
        buyers_per_day.scope_number,
        days_in_windows.business_date,
        days_in_windows.window_days,
        buyers_per_day.member_number

),

buyers_counted as (

    select
        buyers_per_window.scope_number,
        buyers_per_window.business_date,
        buyers_per_window.window_days,
        count(*) as buyer_count,
        count(*) filter (
            where
            buyers_per_window.window_days
            > {{ days_between('persons.first_order_date', 'buyers_per_window.business_date') }}
        ) as new_buyer_count,
        count(*) filter (where buyers_per_window.order_count >= 2) as repeat_buyer_count,
        sum(buyers_per_window.net_amount) as buyer_net_amount
    from buyers_per_window
    inner join persons
        on buyers_per_window.member_number = persons.member_number
    group by
        buyers_per_window.scope_number,
        buyers_per_window.business_date,
        buyers_per_window.window_days

),

-- ties in amount need no breaker here: whichever of them is in, the sum of the top is the same
buyers_ranked as (

    select
        scope_number,
        business_date,
        window_days,
        net_amount,
        row_number() over (
            partition by scope_number, business_date, window_days
            order by net_amount desc
        ) as spend_rank
    from buyers_per_window

),

top_buyers as (

    select
        buyers_ranked.scope_number,
        buyers_ranked.business_date,
        buyers_ranked.window_days,
        sum(buyers_ranked.net_amount) as top_buyer_net_amount
    from buyers_ranked
    inner join buyers_counted
        on
            buyers_ranked.scope_number = buyers_counted.scope_number
            and buyers_ranked.business_date = buyers_counted.business_date
            and buyers_ranked.window_days = buyers_counted.window_days
    where
        buyers_ranked.spend_rank
        <= ceil({{ var('top_buyer_share') }} * buyers_counted.buyer_count)
    group by
        buyers_ranked.scope_number,
        buyers_ranked.business_date,
        buyers_ranked.window_days

),

buyers as (

    select
        scopes.brand_code,
        scopes.channel_code,
        buyers_counted.business_date,
        buyers_counted.window_days,
        buyers_counted.buyer_count,
        buyers_counted.new_buyer_count,
        buyers_counted.repeat_buyer_count,
        buyers_counted.buyer_net_amount,
        top_buyers.top_buyer_net_amount
    from buyers_counted
    inner join scopes
        on buyers_counted.scope_number = scopes.scope_number
    left join top_buyers
        on
            buyers_counted.scope_number = top_buyers.scope_number
            and buyers_counted.business_date = top_buyers.business_date
            and buyers_counted.window_days = top_buyers.window_days

),

buyers_with_next_day as (

    select
        scope_number,
        date_day,
        lead(date_day) over (
            partition by scope_number, member_number
            order by date_day
        ) as next_day
    from buyers_per_day

),

-- a person's last day of buying in the window before stands for the person in that window;
-- days are summed up first, since no window needs to know who it was
buyers_by_next_day as (

    select
        scope_number,
        date_day,
        next_day,
        count(*) as buyer_count
    from buyers_with_next_day
    group by scope_number, date_day, next_day

),

previous_buyers_per_scope as (

    select
        scope_number,
        {{ add_days('date_day', 1) }} as business_date,
        1 as window_days,
        sum(buyer_count) as previous_buyer_count,
        sum(buyer_count) filter (where next_day = {{ add_days('date_day', 1) }})
            as returning_buyer_count
    from buyers_by_next_day
    group by scope_number, date_day

    union all

    select
        buyers_by_next_day.scope_number,
        days_in_previous_windows.business_date,
        days_in_previous_windows.window_days,
        sum(buyers_by_next_day.buyer_count) as previous_buyer_count,
        sum(buyers_by_next_day.buyer_count) filter (
            where buyers_by_next_day.next_day <= days_in_previous_windows.business_date
        ) as returning_buyer_count
    from buyers_by_next_day
    inner join days_in_previous_windows
        on buyers_by_next_day.date_day = days_in_previous_windows.date_day
    where
        buyers_by_next_day.next_day is null
        or buyers_by_next_day.next_day > days_in_previous_windows.previous_business_date
    group by
        buyers_by_next_day.scope_number,
        days_in_previous_windows.business_date,
        days_in_previous_windows.window_days

),

buyers_of_previous_window as (

    select
        scopes.brand_code,
        scopes.channel_code,
        previous_buyers_per_scope.business_date,
        previous_buyers_per_scope.window_days,
        previous_buyers_per_scope.previous_buyer_count,
        previous_buyers_per_scope.returning_buyer_count
    from previous_buyers_per_scope
    inner join scopes
        on previous_buyers_per_scope.scope_number = scopes.scope_number

),

-- 4. together ----------------------------------------------------------------------------------

joined as (

    select
        rows_of_kpi.brand_code,
        rows_of_kpi.channel_code,
        rows_of_kpi.business_date,
        rows_of_kpi.window_days,
        {{ zero_where_null_each(figures, 'figures_per_window') }},
        coalesce(buyers.buyer_count, 0) as buyer_count,
        coalesce(buyers.new_buyer_count, 0) as new_buyer_count,
        coalesce(buyers.repeat_buyer_count, 0) as repeat_buyer_count,
        buyers.buyer_net_amount,
        buyers.top_buyer_net_amount,
        coalesce(buyers_of_previous_window.previous_buyer_count, 0) as previous_buyer_count,
        coalesce(buyers_of_previous_window.returning_buyer_count, 0) as returning_buyer_count,
        coalesce(enrolment.has_enrolment_data, false) as has_enrolment_data,
        {{ add_days('rows_of_kpi.business_date', '-rows_of_kpi.window_days') }}
        >= {{ add_days('first_days.first_date', -1) }} as is_complete
    from rows_of_kpi
    inner join first_days
        on
            rows_of_kpi.brand_code = first_days.brand_code
            and rows_of_kpi.channel_code = first_days.channel_code
    left join enrolment
        on
            rows_of_kpi.brand_code = enrolment.brand_code
            and rows_of_kpi.channel_code = enrolment.channel_code
    left join figures_per_window
        on
            rows_of_kpi.brand_code = figures_per_window.brand_code
            and rows_of_kpi.channel_code = figures_per_window.channel_code
            and rows_of_kpi.business_date = figures_per_window.business_date
            and rows_of_kpi.window_days = figures_per_window.window_days
    left join buyers
        on
            rows_of_kpi.brand_code = buyers.brand_code
            and rows_of_kpi.channel_code = buyers.channel_code
            and rows_of_kpi.business_date = buyers.business_date
            and rows_of_kpi.window_days = buyers.window_days
    left join buyers_of_previous_window
        on
            rows_of_kpi.brand_code = buyers_of_previous_window.brand_code
            and rows_of_kpi.channel_code = buyers_of_previous_window.channel_code
            and rows_of_kpi.business_date = buyers_of_previous_window.business_date
            and rows_of_kpi.window_days = buyers_of_previous_window.window_days

),

with_net_revenue as (

    select
        *,
        gmv_amount - refund_amount - unlinked_refund_amount as net_revenue_amount,
        case when order_without_units_count = 0 then unit_count end as known_unit_count
    from joined

),

kpis as (

    select
        -- ids
        {{ as_of_date() }} as as_of_date,
        business_date,
        brand_code,
        channel_code,
        cast(window_days as integer) as window_days,

        -- amounts, in the reporting currency
        '{{ var("reporting_currency") }}' as currency_code,
        cast(gmv_amount as numeric(18, 2)) as gmv_amount,
        cast(refund_amount as numeric(18, 2)) as refund_amount,
        cast(unlinked_refund_amount as numeric(18, 2)) as unlinked_refund_amount,
        cast(net_revenue_amount as numeric(18, 2)) as net_revenue_amount,
        cast(refunded_on_day_amount as numeric(18, 2)) as refunded_on_day_amount,

        -- orders
        cast(order_count as bigint) as order_count,
        cast(valid_order_count as bigint) as valid_order_count,
        cast(identified_order_count as bigint) as identified_order_count,
        {{ ratio('identified_order_count', 'order_count') }} as order_identified_rate,
        cast(brushing_count as bigint) as brushing_count,
        cast(brushing_amount as numeric(18, 2)) as brushing_amount,

        -- buyers
        cast(buyer_count as bigint) as buyer_count,
        cast(new_buyer_count as bigint) as new_buyer_count,
        cast(buyer_count - new_buyer_count as bigint) as existing_buyer_count,
        cast(repeat_buyer_count as bigint) as repeat_buyer_count,
        {{ ratio('repeat_buyer_count', 'buyer_count') }} as repurchase_rate,
        cast(previous_buyer_count as bigint) as previous_buyer_count,
        cast(returning_buyer_count as bigint) as returning_buyer_count,
        {{ ratio('returning_buyer_count', 'previous_buyer_count') }} as returning_buyer_rate,
        cast(mature_first_order_count as bigint) as mature_first_order_count,
        cast(second_order_count as bigint) as second_order_count,
        {{ ratio('second_order_count', 'mature_first_order_count') }} as second_order_rate,
        {{ ratio('top_buyer_net_amount', 'buyer_net_amount') }} as top20_buyer_revenue_share,

        -- orders of enrolled members
        cast(case when has_enrolment_data then member_order_count end as bigint)
            as member_order_count,
        cast(case when has_enrolment_data then member_repeat_order_count end as bigint)
            as member_repeat_order_count,
        has_enrolment_data,

        -- per buyer, per order, per unit
        cast(known_unit_count as bigint) as unit_count,
        {{ ratio('identified_net_amount', 'buyer_count') }} as spend_per_buyer,
        {{ ratio('net_revenue_amount', 'valid_order_count') }} as aov,
        {{ ratio('identified_valid_order_count', 'buyer_count') }} as frequency,
        {{ ratio('known_unit_count', 'valid_order_count') }} as units_per_transaction,
        {{ ratio('net_revenue_amount', 'known_unit_count') }} as unit_price,

        is_complete
    from with_net_revenue

)

select * from kpis
