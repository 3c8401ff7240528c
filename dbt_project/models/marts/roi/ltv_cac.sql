{%- set horizons = [30, 60, 90, 180, 365] -%}

with

members as (

    select * from {{ ref('dim_members') }}

),

value_events as (

    select * from {{ ref('int_member_value_events') }}

),

costs as (

    select * from {{ ref('fct_costs') }}

),

buyers as (

    select
        member_id,
        brand_code,
        first_channel_code as channel_code,
        first_order_date,
        {{ month_of('first_order_date') }} as cohort_month
    from members
    where
        is_known
        and first_order_date is not null

),

new_buyers as (

    select
        brand_code,
        cohort_month,
        channel_code,
        count(*) as new_buyer_count,
        max(first_order_date) as latest_first_order_date
    from buyers
    group by brand_code, cohort_month, channel_code

),

added_members as (

    select
        brand_code,
        {{ month_of(business_date('added_at')) }} as cohort_month,
        channel_code,
        count(*) as added_member_count
    from members
    where added_at is not null
    group by brand_code, cohort_month, channel_code

),

-- a channel that never states an add says nothing about who was added
channels_with_adds as (

    select
        brand_code,
        channel_code
    from added_members
    group by brand_code, channel_code

),

acquisition_costs as (

    select
        brand_code,
        {{ month_of('cost_date') }} as cohort_month,
        channel_code,
        sum(cost_amount) as acquisition_cost_amount
    from costs
    where cost_purpose = 'acquisition'
    group by brand_code, cohort_month, channel_code

),

-- an order before the first valid one was paid back whole and is no part of the relation
aged_events as (

    select
        buyers.brand_code,
        buyers.cohort_month,
        buyers.channel_code,
        {{ days_between('buyers.first_order_date', 'value_events.event_date') }} as age_days,
        value_events.net_revenue_amount,
        value_events.cost_of_goods_amount is null as is_cost_unknown,
        value_events.net_revenue_amount
        - value_events.cost_of_goods_amount
        - value_events.commission_and_gift_amount as cm2_amount
    from value_events
    inner join buyers
        on value_events.member_id = buyers.member_id
    where value_events.paid_date >= buyers.first_order_date

),

cumulative_values as (

    select
        brand_code,
        cohort_month,
        channel_code,
        {% for days in horizons %}
            coalesce(sum(net_revenue_amount) filter (where age_days <= {{ days }}), 0)
                as net_revenue_{{ days }},
            coalesce(sum(cm2_amount) filter (where age_days <= {{ days }}), 0) as cm2_{{ days }},
        {% endfor %}
        bool_or(is_cost_unknown) as has_unknown_cost
    from aged_events
    where age_days <= {{ horizons | max }}
    group by brand_code, cohort_month, channel_code

),

cohort_channels as (

    select
        brand_code,
        cohort_month,
        channel_code
    from new_buyers

    union

    select
        brand_code,
        cohort_month,
        channel_code
    from added_members

    union

    select
        brand_code,
        cohort_month,
        channel_code
    from acquisition_costs

),

channel_rows as (

    select
        cohort_channels.brand_code,
        cohort_channels.cohort_month,
        cohort_channels.channel_code,
        coalesce(new_buyers.new_buyer_count, 0) as new_buyer_count,
        new_buyers.latest_first_order_date,
        case
            when channels_with_adds.channel_code is not null
                then coalesce(added_members.added_member_count, 0)
        end as added_member_count,
        acquisition_costs.acquisition_cost_amount,
        {% for days in horizons %}
            cumulative_values.net_revenue_{{ days }},
            cumulative_values.cm2_{{ days }},
        {% endfor %}
        cumulative_values.has_unknown_cost
    from cohort_channels
    left join new_buyers
        on
            cohort_channels.brand_code = new_buyers.brand_code
            and cohort_channels.cohort_month = new_buyers.cohort_month
            and cohort_channels.channel_code = new_buyers.channel_code
    left join added_members
        on
            cohort_channels.brand_code = added_members.brand_code
            and cohort_channels.cohort_month = added_members.cohort_month
            and cohort_channels.channel_code = added_members.channel_code
    left join channels_with_adds
        on
            cohort_channels.brand_code = channels_with_adds.brand_code
            and cohort_channels.channel_code = channels_with_adds.channel_code
    left join acquisition_costs
        on
            cohort_channels.brand_code = acquisition_costs.brand_code
            and cohort_channels.cohort_month = acquisition_costs.cohort_month
            and cohort_channels.channel_code = acquisition_costs.channel_code
    left join cumulative_values
        on
            cohort_channels.brand_code = cumulative_values.brand_code
            and cohort_channels.cohort_month = cumulative_values.cohort_month
            and cohort_channels.channel_code = cumulative_values.channel_code

),

-- each row counts under its own channel and under 'all'
rows_of_channel_and_all as (

    select
        * exclude (channel_code),
        unnest([channel_code, 'all']) as channel_code
    from channel_rows

),

-- a sum over channels leaves out what a channel does not know, and is unknown where all are
with_all_channels as (

    select
        brand_code,
        cohort_month,
        channel_code,
        sum(new_buyer_count) as new_buyer_count,
        max(latest_first_order_date) as latest_first_order_date,
        sum(added_member_count) as added_member_count,
        sum(acquisition_cost_amount) as acquisition_cost_amount,
        {% for days in horizons %}
            sum(net_revenue_{{ days }}) as net_revenue_{{ days }},
            sum(cm2_{{ days }}) as cm2_{{ days }},
        {% endfor %}
        coalesce(bool_or(has_unknown_cost), false) as has_unknown_cost
    from rows_of_channel_and_all
    group by brand_code, cohort_month, channel_code

),

-- the whole cohort must be old enough, so that its channels stay comparable and sum up
with_age as (

    select
        *,
        {{ days_between(
            'max(latest_first_order_date) over (partition by brand_code, cohort_month)',
            as_of_date()
        ) }} as cohort_age_days
    from with_all_channels

),

-- values of horizons that are reached, CM2 only where every cost of goods is known
known_values as (

    select
        brand_code,
        cohort_month,
        channel_code,
        new_buyer_count,
        added_member_count,
        acquisition_cost_amount,
        cohort_age_days,
        {% for days in horizons %}
            case when cohort_age_days >= {{ days }} then net_revenue_{{ days }} end
                as net_revenue_{{ days }},
            case when cohort_age_days >= {{ days }} and not has_unknown_cost then cm2_{{ days }} end
                as cm2_{{ days }},
        {% endfor %}
        has_unknown_cost
    from with_age

),

per_head as (

    select
        -- ids
        brand_code,
        cohort_month,
        channel_code,
        {{ as_of_date() }} as as_of_date,

        -- size and age
        cast(new_buyer_count as bigint) as new_buyer_count,
        cast(added_member_count as bigint) as added_member_count,
        cast(cohort_age_days as integer) as cohort_age_days,

        -- cost of a new buyer
        '{{ var("reporting_currency") }}' as currency_code,
        cast(acquisition_cost_amount as numeric(18, 2)) as acquisition_cost_amount,
        acquisition_cost_amount is not null as has_acquisition_cost,
        {{ amount_per('acquisition_cost_amount', 'new_buyer_count') }} as cac,

        -- value per head
        {% for days in horizons %}
            {{ amount_per('net_revenue_' ~ days, 'new_buyer_count') }}
                as net_revenue_ltv_{{ days }},
        {% endfor %}
        {% for days in horizons %}
            {{ amount_per('cm2_' ~ days, 'new_buyer_count') }} as cm2_ltv_{{ days }},
        {% endfor %}
        {% for days in horizons %}
            {{ amount_per('cm2_' ~ days, 'added_member_count') }} as ltv_per_add_{{ days }},
        {% endfor %}
        {% for days in horizons %}
            {{ ratio('cm2_' ~ days, 'acquisition_cost_amount') }} as ltv_to_cac_{{ days }},
        {% endfor %}
        case when has_unknown_cost then 'net_revenue' else 'cm2' end as ltv_basis
    from known_values

)

select * from per_head
