with

fx_rates as (

    select * from {{ ref('fx_rates') }}

),

dated as (

    select
        currency_code,
        valid_from,
        lead(valid_from) over (partition by currency_code order by valid_from) as valid_before,
        rate as exchange_rate
    from fx_rates
    where currency_code <> '{{ var("reporting_currency") }}'

),

with_reporting_currency as (

    select
        currency_code,
        valid_from,
        coalesce(valid_before, cast('9999-12-31' as date)) as valid_before,
        cast(exchange_rate as numeric(18, 8)) as exchange_rate
    from dated

    union all

    select
        '{{ var("reporting_currency") }}' as currency_code,
        cast('0001-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_before,
        cast(1 as numeric(18, 8)) as exchange_rate

)

select * from with_reporting_currency
