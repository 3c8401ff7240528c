{% set platforms = ['taobao', 'youzan'] | select('in', var('channels')) | list %}

with

files as (

    select
        order_key,
        order_id,
        line_number,
        line_id,
        brand_code,
        channel_code,
        customer_key,
        store_id,
        guide_id,
        product_key,
        product_id,
        product_name,
        category,
        sku_id,
        size,
        quantity,
        currency_code,
        unit_price,
        line_amount,
        unit_cost,
        ordered_at,
        paid_at,
        updated_at,
        is_excluded,
        exclusion_reason,
        _load_id,
        _source_row
    from {{ ref('stg_files__order_lines') }}

),
{% if 'taobao' in platforms %}

    taobao_lines as (

        select
            *,
            coalesce(sku_code, sku_id, item_code, item_id) as product_id
        from {{ ref('stg_taobao__order_lines') }}

    ),

    taobao as (

        select
            order_key,
            order_id,
            line_number,
            line_id,
            brand_code,
            channel_code,
            cast(null as varchar) as customer_key,
            cast(null as varchar) as store_id,
            cast(null as varchar) as guide_id,
            {{ product_key('channel_code', 'product_id') }} as product_key,
            product_id,
            product_name,
            category_id as category,
            coalesce(sku_code, sku_id) as sku_id,
            cast(null as varchar) as size,
            quantity,
            currency_code,
            unit_price,
            coalesce(paid_amount, line_amount - coalesce(order_discount_amount, 0)) as line_amount,
            cast(null as numeric(18, 6)) as unit_cost,
            ordered_at,
            paid_at,
            updated_at,
            is_excluded,
            exclusion_reason,
            _load_id,
            _source_row
        from taobao_lines

    ),
{% endif %}
{% if 'youzan' in platforms %}

    youzan_lines as (

        select
            *,
            coalesce(sku_code, sku_id, item_code, item_id) as product_id
        from {{ ref('stg_youzan__order_lines') }}

    ),

    youzan as (

        select
            order_key,
            order_id,
            line_number,
            line_id,
            brand_code,
            channel_code,
            cast(null as varchar) as customer_key,
            cast(null as varchar) as store_id,
            cast(null as varchar) as guide_id,
            {{ product_key('channel_code', 'product_id') }} as product_key,
            product_id,
            product_name,
            cast(null as varchar) as category,
            coalesce(sku_code, sku_id) as sku_id,
            cast(null as varchar) as size,
            quantity,
            currency_code,
            unit_price,
            line_amount,
            cast(null as numeric(18, 6)) as unit_cost,
            ordered_at,
            paid_at,
            updated_at,
            is_excluded,
            exclusion_reason,
            _load_id,
            _source_row
        from youzan_lines

    ),
{% endif %}

conformed as (

    {{ files_and_platforms(platforms, same=['order_key']) }}

)

select * from conformed
