{%- set horizon = 90 -%}

with

members as (

    select * from {{ ref('member_360') }}

),

acquisitions as (

    select * from {{ ref('int_member_acquisitions') }}

),

acquisition_methods as (

    select * from {{ ref('acquisition_methods') }}

),

value_events as (

    select * from {{ ref('int_member_value_events') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

costs as (

    select * from {{ ref('fct_costs') }}

),

-- who was added without a source of record was added all the same
acquired as (

    select
        members.member_id,
        members.brand_code,
        members.acquisition_scheme,
        coalesce(members.acquisition_method, 'unknown') as acquisition_method,
        {{ business_date('coalesce(acquisitions.acquired_at, members.added_at)') }} as acquired_date
    from members
    left join acquisitions
        on members.member_id = acquisitions.member_id
    where members.acquisition_scheme is not null

),

acquired_with_age as (

    select
        *,
        {{ days_between('acquired_date', as_of_date()) }} >= {{ horizon }} as is_mature
    from acquired

),

-- what a person brought
values_of_members as (

    select
        acquired.member_id,
        sum(value_events.net_revenue_amount) as net_revenue_amount,
        sum(
            value_events.net_revenue_amount
            - value_events.cost_of_goods_amount
            - value_events.commission_and_gift_amount
        ) as value_amount,
        bool_or(value_events.cost_of_goods_amount is null) as has_unknown_cost
    from acquired
    inner join value_events
        on acquired.member_id = value_events.member_id
    where
        value_events.paid_date >= acquired.acquired_date
        and {{ days_between('acquired.acquired_date', 'value_events.event_date') }} <= {{ horizon }}
    group by acquired.member_id

),

won as (

    select
        acquired_with_age.brand_code,
        acquired_with_age.acquisition_scheme,
        acquired_with_age.acquisition_method,
        count(*) as member_count,
        min(acquired_with_age.acquired_date) as first_acquired_date,
        count(*) filter (where acquired_with_age.is_mature) as mature_member_count,
        sum(values_of_members.net_revenue_amount) filter (where acquired_with_age.is_mature)
            as net_revenue_amount,
        sum(values_of_members.value_amount) filter (where acquired_with_age.is_mature)
            as value_amount,
        bool_or(values_of_members.has_unknown_cost) filter (where acquired_with_age.is_mature)
            as has_unknown_cost
    from acquired_with_age
    left join values_of_members
        on acquired_with_age.member_id = values_of_members.member_id
    group by
        acquired_with_age.brand_code,
        acquired_with_age.acquisition_scheme,
        acquired_with_age.acquisition_method

),

-- the mature who bought nothing brought nothing; what nobody knows the cost of has no value
won_with_value as (

    select
        *,
        case
            when mature_member_count > 0 then coalesce(net_revenue_amount, 0)
        end as net_revenue_90_amount,
        case
            when mature_member_count > 0 and not coalesce(has_unknown_cost, false)
                then coalesce(value_amount, 0)
        end as value_90_amount
    from won

),

spent as (

    select
        costs.brand_code,
        acquisition_methods.acquisition_scheme,
        costs.acquisition_method,
        sum(costs.cost_amount) as cost_amount
    from costs
    inner join acquisition_methods
        on costs.acquisition_method = acquisition_methods.acquisition_method
    where costs.cost_purpose = 'acquisition'
    group by costs.brand_code, acquisition_methods.acquisition_scheme, costs.acquisition_method

),

-- every payer is asked since the first who was won in this way
asked as (

    select
        won.brand_code,
        won.acquisition_scheme,
        won.acquisition_method,
        count(distinct orders.member_id) as asked_member_count
    from won
    inner join acquisition_methods
        on won.acquisition_method = acquisition_methods.acquisition_method
    inner join orders
        on
            won.brand_code = orders.brand_code
            and won.first_acquired_date <= orders.paid_date
    where
        acquisition_methods.is_after_payment
        and orders.is_paid
        and orders.member_id <> 'unknown'
    group by won.brand_code, won.acquisition_scheme, won.acquisition_method

),

methods as (

    select
        brand_code,
        acquisition_scheme,
        acquisition_method
    from won

    union

    select
        brand_code,
        acquisition_scheme,
        acquisition_method
    from spent

),

with_all as (

    select
        methods.brand_code,
        methods.acquisition_scheme,
        methods.acquisition_method,
        {{ as_of_date() }} as as_of_date,

        -- volume
        coalesce(won.member_count, 0) as member_count,
        asked.asked_member_count,
        {{ ratio('won.member_count', 'asked.asked_member_count') }} as add_rate,

        -- cost, in the reporting currency
        '{{ var("reporting_currency") }}' as currency_code,
        cast(spent.cost_amount as numeric(18, 2)) as cost_amount,
        {{ ratio('spent.cost_amount', 'won.member_count') }} as cost_per_member,

        -- value
        coalesce(won.mature_member_count, 0) as mature_member_count,
        cast(won.net_revenue_90_amount as numeric(18, 2)) as net_revenue_90_amount,
        {{ ratio('won.net_revenue_90_amount', 'won.mature_member_count') }}
            as net_revenue_90_per_member,
        cast(won.value_90_amount as numeric(18, 2)) as value_90_amount,
        {{ ratio('won.value_90_amount', 'won.mature_member_count') }} as value_90_per_member
    from methods
    left join won_with_value as won
        on
            methods.brand_code = won.brand_code
            and methods.acquisition_scheme = won.acquisition_scheme
            and methods.acquisition_method = won.acquisition_method
    left join spent
        on
            methods.brand_code = spent.brand_code
            and methods.acquisition_scheme = spent.acquisition_scheme
            and methods.acquisition_method = spent.acquisition_method
    left join asked
        on
            methods.brand_code = asked.brand_code
            and methods.acquisition_scheme = asked.acquisition_scheme
            and methods.acquisition_method = asked.acquisition_method

)

select * from with_all
