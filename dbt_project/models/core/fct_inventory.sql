with

inventory as (

    select * from {{ ref('stg_files__inventory') }}
    where
        not is_excluded
        and stock_date <= {{ as_of_date() }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

inventory_in_one_currency as (

    select
        -- ids
        inventory.inventory_key,
        inventory.brand_code || '|' || inventory.store_id as store_key,
        {{ product_key('inventory.channel_code', 'inventory.product_id') }} as product_key,
        inventory.brand_code,
        inventory.channel_code,
        inventory.store_id as store_code,
        inventory.sku_id as sku_code,

        -- what it is
        inventory.size,

        -- how much there is of it, and what it cost, in the reporting currency
        inventory.on_hand_quantity,
        '{{ var("reporting_currency") }}' as currency_code,
        {{ in_reporting_currency(
            'inventory.unit_cost', 'exchange_rates.exchange_rate', scale=6
        ) }} as unit_cost,
        {{ in_reporting_currency(
            'inventory.on_hand_quantity * inventory.unit_cost', 'exchange_rates.exchange_rate'
        ) }} as stock_cost_amount,

        -- dates
        inventory.stock_date
    from inventory
    left join exchange_rates
        on
            inventory.currency_code = exchange_rates.currency_code
            and inventory.stock_date >= exchange_rates.valid_from
            and inventory.stock_date < exchange_rates.valid_before

)

select * from inventory_in_one_currency
