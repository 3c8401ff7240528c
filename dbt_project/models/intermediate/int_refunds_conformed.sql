{% set platforms = ['taobao', 'youzan'] | select('in', var('channels')) | list %}

with

files as (

    select
        refund_key,
        refund_id,
        line_number,
        order_key,
        brand_code,
        channel_code,
        customer_key,
        product_key,
        refund_quantity,
        refund_reason,
        currency_code,
        unit_price,
        refund_amount,
        refunded_at,
        updated_at,
        is_excluded,
        exclusion_reason,
        _load_id,
        _source_row
    from {{ ref('stg_files__refunds') }}

),
{% if 'taobao' in platforms %}

    taobao_refunds as (

        select * from {{ ref('stg_taobao__refunds') }}

    ),

    product_per_line as (

        select
            order_key,
            line_id,
            min(product_key) as product_key
        from {{ ref('int_order_lines_conformed') }}
        group by order_key, line_id

    ),

    taobao as (

        select
            taobao_refunds.refund_key || '|1' as refund_key,
            taobao_refunds.refund_id,
            1 as line_number,
            taobao_refunds.order_key,
            taobao_refunds.brand_code,
            taobao_refunds.channel_code,
            taobao_refunds.customer_key,
            product_per_line.product_key,
            -- money alone may come back
            case
                when taobao_refunds.is_goods_returned = false then 0
                else taobao_refunds.quantity
            end as refund_quantity,
            taobao_refunds.refund_reason,
            taobao_refunds.currency_code,
            cast(null as numeric(18, 6)) as unit_price,
            taobao_refunds.refund_amount,
            taobao_refunds.succeeded_at as refunded_at,
            taobao_refunds.updated_at,
            taobao_refunds.is_excluded,
            taobao_refunds.exclusion_reason,
            taobao_refunds._load_id,
            taobao_refunds._source_row
        from taobao_refunds
        left join product_per_line
            on
                taobao_refunds.order_key = product_per_line.order_key
                and taobao_refunds.line_id = product_per_line.line_id
        where taobao_refunds.succeeded_at is not null

    ),
{% endif %}
{% if 'youzan' in platforms %}

    youzan as (

        select
            refund_key || '|1' as refund_key,
            refund_id,
            1 as line_number,
            order_key,
            brand_code,
            channel_code,
            cast(null as varchar) as customer_key,
            cast(null as varchar) as product_key,
            cast(null as bigint) as refund_quantity,
            cast(reason_code as varchar) as refund_reason,
            currency_code,
            cast(null as numeric(18, 6)) as unit_price,
            refund_amount,
            succeeded_at as refunded_at,
            updated_at,
            is_excluded,
            exclusion_reason,
            _load_id,
            _source_row
        from {{ ref('stg_youzan__refunds') }}
        where succeeded_at is not null

    ),
{% endif %}

conformed as (

    {{ files_and_platforms(platforms, same=['channel_code', 'refund_id']) }}

)

select * from conformed
