{% set platforms = ['taobao', 'youzan'] | select('in', var('channels')) | list %}

with

files as (

    select
        order_key,
        order_id,
        brand_code,
        channel_code,
        customer_key,
        store_id,
        guide_id,
        order_status,
        province,
        delivery_address_token,
        currency_code,
        paid_amount,
        discount_amount,
        freight_amount,
        ordered_at,
        paid_at,
        cancelled_at,
        updated_at,
        is_excluded,
        exclusion_reason,
        _load_id,
        _source_row
    from {{ ref('stg_files__orders') }}

),
{% if 'taobao' in platforms %}

-- of a trade that is paid in steps the last one pays it, not the deposit
    taobao_trades as (

        select
            *,
            case
                when step_status is null or step_status = 'FRONT_PAID_FINAL_PAID' then paid_at
            end as paid_in_whole_at
        from {{ ref('stg_taobao__orders') }}

    ),

    taobao as (

        select
            order_key,
            order_id,
            brand_code,
            channel_code,
            customer_key,
            store_id,
            guide_id,
            order_status,
            province,
            cast(null as varchar) as delivery_address_token,
            currency_code,
            paid_amount,
            goods_amount + freight_amount - paid_amount as discount_amount,
            freight_amount,
            ordered_at,
            paid_in_whole_at as paid_at,
            case
                when
                    paid_in_whole_at is null
                    and order_status in ('TRADE_CLOSED', 'TRADE_CLOSED_BY_TAOBAO')
                    then coalesce(ended_at, updated_at)
            end as cancelled_at,
            updated_at,
            is_excluded,
            exclusion_reason,
            _load_id,
            _source_row
        from taobao_trades

    ),
{% endif %}
{% if 'youzan' in platforms %}

    youzan as (

        select
            order_key,
            order_id,
            brand_code,
            channel_code,
            customer_key,
            store_id,
            cast(null as varchar) as guide_id,
            order_status,
            province,
            cast(null as varchar) as delivery_address_token,
            currency_code,
            paid_amount,
            goods_amount + freight_amount - paid_amount as discount_amount,
            freight_amount,
            ordered_at,
            paid_at,
            case when paid_at is null then closed_at end as cancelled_at,
            updated_at,
            is_excluded,
            exclusion_reason,
            _load_id,
            _source_row
        from {{ ref('stg_youzan__orders') }}

    ),
{% endif %}

conformed as (

    {{ files_and_platforms(platforms, same=['order_key']) }}

)

select * from conformed
