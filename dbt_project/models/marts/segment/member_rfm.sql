{%- set window_days = var('rfm_window_days') | sort -%}
{%- set order_age = days_between('orders.paid_date', as_of_date()) -%}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

members as (

    select * from {{ ref('dim_members') }}

),

account_roles as (

    select * from {{ ref('int_member_account_roles') }}

),

segments as (

    select * from {{ ref('rfm_segments') }}

),

fixed_thresholds as (

    select * from {{ ref('rfm_fixed_thresholds') }}

),

windows as (

    {% for days in window_days %}
        select
            '{{ days }}d' as rfm_window,
            cast({{ days }} as integer) as window_days
        union all
    {% endfor %}
    select
        'lifetime' as rfm_window,
        cast(null as integer) as window_days

),

windows_with_fixed_thresholds as (

    select
        windows.rfm_window,
        fixed_thresholds.recency_days,
        fixed_thresholds.order_count,
        fixed_thresholds.net_amount
    from windows
    left join fixed_thresholds
        on windows.rfm_window = fixed_thresholds.rfm_window

),

-- each order is read once, under the narrowest window that holds it (none: lifetime alone)
spend_by_narrowest_window as (

    select
        orders.member_id,
        case
            {% for days in window_days %}
                when {{ order_age }} < {{ days }} then {{ days }}
            {% endfor %}
        end as narrowest_window_days,
        max(orders.paid_at) as last_paid_at,
        max(orders.paid_date) as last_paid_date,
        count(*) as order_count,
        sum(orders.net_amount) as net_amount,
        count(*) filter (where orders.member_order_number >= 2) as repeat_order_count
    from orders
    where
        orders.is_valid
        and orders.member_order_number is not null
    group by orders.member_id, narrowest_window_days

),

spend as (

    select
        members.brand_code,
        members.member_id,
        coalesce(account_roles.account_role, 'end_consumer') as account_role,
        windows.rfm_window,
        windows.window_days,
        max(spend_by_narrowest_window.last_paid_at) as last_paid_at,
        {{ days_between('max(spend_by_narrowest_window.last_paid_date)', as_of_date()) }}
            as recency_days,
        sum(spend_by_narrowest_window.order_count) as order_count,
        sum(spend_by_narrowest_window.net_amount) as net_amount,
        sum(spend_by_narrowest_window.repeat_order_count) as repeat_order_count
    from spend_by_narrowest_window
    inner join windows
        on
            windows.window_days is null
            or spend_by_narrowest_window.narrowest_window_days <= windows.window_days
    inner join members
        on spend_by_narrowest_window.member_id = members.member_id
    left join account_roles
        on
            members.brand_code = account_roles.brand_code
            and members.member_id = account_roles.member_id
    group by
        members.brand_code,
        members.member_id,
        account_roles.account_role,
        windows.rfm_window,
        windows.window_days

),

thresholds as (

    select
        spend.brand_code,
        spend.account_role,
        fixed.rfm_window,
        count(*) as buyer_count,
        count(*) filter (where spend.repeat_order_count > 0) as repeat_buyer_count,
        {{ rfm_threshold('spend.recency_days', 'fixed.recency_days', is_low_good=true) }}
            as recency_threshold,
        {{ rfm_threshold('spend.order_count', 'fixed.order_count') }} as order_count_threshold,
        {{ rfm_threshold('spend.net_amount', 'fixed.net_amount') }} as net_amount_threshold
    from spend
    inner join windows_with_fixed_thresholds as fixed
        on spend.rfm_window = fixed.rfm_window
    group by spend.brand_code, spend.account_role, fixed.rfm_window

),

limits as (

    select
        *,
        ceil({{ exact_share('super_user_share') }} * buyer_count) as super_user_limit,
        ceil(
            {{ exact_share('priority_care_share') }}
            * {{ priority_care_population_count() }}
        ) as priority_care_limit
    from thresholds

),

ranked as (

    select
        *,
        row_number() over (
            partition by brand_code, account_role, rfm_window
            order by net_amount desc, last_paid_at desc, member_id asc
        ) as spend_rank,
        case
            when repeat_order_count > 0
                then row_number() over (
                    partition by brand_code, account_role, rfm_window
                    order by repeat_order_count desc, last_paid_at desc, member_id asc
                )
        end as repeat_rank
    from spend

),

judged as (

    select
        ranked.*,
        limits.recency_threshold,
        limits.order_count_threshold,
        limits.net_amount_threshold,
        limits.buyer_count,
        limits.super_user_limit,
        limits.priority_care_limit,
        ranked.recency_days < limits.recency_threshold as is_recent,
        ranked.order_count > limits.order_count_threshold as is_frequent,
        ranked.net_amount > limits.net_amount_threshold as is_high_value,
        ranked.spend_rank <= limits.super_user_limit as is_super_user,
        coalesce(ranked.repeat_rank <= limits.priority_care_limit, false) as is_priority_care
    from ranked
    inner join limits
        on
            ranked.brand_code = limits.brand_code
            and ranked.account_role = limits.account_role
            and ranked.rfm_window = limits.rfm_window

),

labelled as (

    select
        -- ids
        judged.member_id,
        judged.rfm_window,
        judged.brand_code,
        judged.account_role,
        {{ as_of_date() }} as as_of_date,
        judged.window_days,

        -- recency, frequency, monetary value
        cast(judged.recency_days as integer) as recency_days,
        cast(judged.order_count as bigint) as order_count,
        '{{ var("reporting_currency") }}' as currency_code,
        cast(judged.net_amount as numeric(18, 2)) as net_amount,
        judged.last_paid_at,

        -- how high and low are told apart
        '{{ var("rfm_threshold_method") }}' as threshold_method,
        judged.recency_threshold,
        judged.order_count_threshold,
        judged.net_amount_threshold,
        judged.is_recent,
        judged.is_frequent,
        judged.is_high_value,

        -- segment; a missing threshold leaves it empty, which its test refuses
        cast(segments.segment_code as integer) as segment_code,
        cast(segments.label_en as varchar) as segment_label_en,
        cast(segments.label_zh as varchar) as segment_label_zh,

        -- rank by spend
        judged.buyer_count,
        judged.spend_rank,
        cast(judged.super_user_limit as bigint) as super_user_limit,
        judged.is_super_user,

        -- rank by repeat orders
        cast(judged.repeat_order_count as bigint) as repeat_order_count,
        '{{ var("priority_care_population") }}' as priority_care_population,
        judged.repeat_rank,
        cast(judged.priority_care_limit as bigint) as priority_care_limit,
        judged.is_priority_care,
        judged.is_super_user and judged.is_priority_care as is_super_user_and_priority_care
    from judged
    left join segments
        on
            judged.is_recent = segments.is_recent
            and judged.is_frequent = segments.is_frequent
            and judged.is_high_value = segments.is_high_value

)

select * from labelled
