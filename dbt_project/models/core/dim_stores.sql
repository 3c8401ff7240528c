with

store_terms as (

    select * from {{ ref('int_store_terms') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

guides as (

    select * from {{ ref('int_pos_guides') }}

),

rosters as (

    select * from {{ ref('fct_rosters') }}

),

footfall as (

    select * from {{ ref('fct_footfall') }}

),

targets as (

    select * from {{ ref('fct_targets') }}

),

inventory as (

    select * from {{ ref('fct_inventory') }}

),

-- a store that no list has is known from what happened in it
known_stores as (

    select
        brand_code,
        store_code
    from store_terms

    union

    select
        brand_code,
        store_code
    from guides
    where store_code is not null

    union

    select
        brand_code,
        store_code
    from rosters

    union

    select
        brand_code,
        store_code
    from footfall

    union

    select
        brand_code,
        store_code
    from targets
    where store_code is not null

    union

    select
        brand_code,
        store_code
    from inventory

),

newest_terms as (

    select * from store_terms
    where valid_before is null

),

stores as (

    select
        -- ids
        known_stores.brand_code || '|' || known_stores.store_code as store_key,
        known_stores.brand_code,
        known_stores.store_code,

        -- what it is
        newest_terms.store_name,
        newest_terms.region,
        newest_terms.province,
        newest_terms.city,

        -- what it has and costs now, in the reporting currency
        cast(newest_terms.area_m2 as numeric(18, 2)) as area_m2,
        '{{ var("reporting_currency") }}' as currency_code,
        {{ in_reporting_currency(
            'newest_terms.monthly_rent_amount', 'exchange_rates.exchange_rate'
        ) }} as monthly_rent_amount,

        -- dates
        newest_terms.opened_on,
        newest_terms.closed_on,

        -- flags
        newest_terms.store_code is not null as is_listed
    from known_stores
    left join newest_terms
        on
            known_stores.brand_code = newest_terms.brand_code
            and known_stores.store_code = newest_terms.store_code
    left join exchange_rates
        on
            newest_terms.currency_code = exchange_rates.currency_code
            and {{ as_of_date() }} >= exchange_rates.valid_from
            and {{ as_of_date() }} < exchange_rates.valid_before

)

select * from stores
