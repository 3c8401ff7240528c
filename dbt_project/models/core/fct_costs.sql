with

costs as (

    select * from {{ ref('int_costs_conformed') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

costs_in_one_currency as (

    select
        -- ids
        costs.cost_key,
        costs.brand_code,
        costs.channel_code,
        costs.campaign_code,

        -- what was spent, in the reporting currency
        costs.cost_type,
        costs.cost_purpose,
        costs.acquisition_method,
        '{{ var("reporting_currency") }}' as currency_code,
        {{ in_reporting_currency('costs.cost_amount', 'exchange_rates.exchange_rate') }}
            as cost_amount,

        -- dates
        costs.cost_date
    from costs
    left join exchange_rates
        on
            costs.currency_code = exchange_rates.currency_code
            and costs.cost_date >= exchange_rates.valid_from
            and costs.cost_date < exchange_rates.valid_before
    where
        not costs.is_excluded
        and costs.cost_date <= {{ as_of_date() }}

)

select * from costs_in_one_currency
