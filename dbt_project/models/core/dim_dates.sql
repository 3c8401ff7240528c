with

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

costs as (

    select * from {{ ref('fct_costs') }}

),

first_days as (

    select min(least(ordered_date, paid_date)) as first_date
    from orders

    union all

    select min(refunded_date) as first_date
    from refunds

    union all

    select min(touched_date) as first_date
    from touches

    union all

    select min(cost_date) as first_date
    from costs

),

bounds as (

    select coalesce(min(first_date), {{ as_of_date() }}) as first_date
    from first_days

),

days as (

    select {{ unnest_days('bounds.first_date', as_of_date()) }} as date_day
    from bounds

),

described as (

    select
        date_day,
        cast(date_trunc('month', date_day) as date) as month_start_date,
        {{ month_code('date_day') }} as month_code,
        date_day = last_day(date_day) as is_month_end,
        cast(extract('isodow' from date_day) as integer) as iso_weekday,
        cast(extract('week' from date_day) as integer) as iso_week,
        extract('isodow' from date_day) >= 6 as is_weekend
    from days

)

select * from described
