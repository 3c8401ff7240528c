with

targets as (

    select * from {{ ref('stg_files__targets') }}
    where
        not is_excluded
        and target_month <= {{ as_of_date() }}

),

measures as (

    select * from {{ ref('target_measures') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

targets_in_one_currency as (

    select
        -- ids
        targets.target_key,
        targets.brand_code,
        targets.channel_code,
        case when targets.target_of = 'store' then targets.owner_id end as store_code,
        case when targets.target_of = 'guide' then targets.owner_id end as guide_code,

        -- what is to be reached, money in the reporting currency
        targets.target_of,
        targets.measure,
        case when measures.is_money then '{{ var("reporting_currency") }}' end as currency_code,
        case
            when measures.is_money
                then {{ in_reporting_currency(
                    'targets.target_value', 'exchange_rates.exchange_rate'
                ) }}
            else cast(targets.target_value as numeric(18, 2))
        end as target_value,

        -- dates
        targets.target_month
    from targets
    left join measures
        on targets.measure = measures.measure
    left join exchange_rates
        on
            targets.currency_code = exchange_rates.currency_code
            and targets.target_month >= exchange_rates.valid_from
            and targets.target_month < exchange_rates.valid_before

)

select * from targets_in_one_currency
