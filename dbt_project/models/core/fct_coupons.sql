with

coupons as (

    {% if 'youzan' in var('channels') %}
        select
            coupon_key,
            coupon_group_key,
            brand_code,
            channel_code,
            order_key,
            taken_at,
            used_at,
            is_used,
            is_excluded
        from {{ ref('stg_youzan__coupons') }}
    {% else %}
    {{ no_rows({
        'coupon_key': 'varchar',
        'coupon_group_key': 'varchar',
        'brand_code': 'varchar',
        'channel_code': 'varchar',
        'order_key': 'varchar',
        'taken_at': 'timestamp',
        'used_at': 'timestamp',
        'is_used': 'boolean',
        'is_excluded': 'boolean',
    }) }}
    {% endif %}

),

coupon_groups as (

    {% if 'youzan' in var('channels') %}
        select
            coupon_group_key,
            title,
            currency_code,
            value_amount,
            row_number() over (
                partition by coupon_group_key
                order by _observed_at desc
            ) as recency_rank
        from {{ ref('stg_youzan__coupon_groups') }}
    {% else %}
    {{ no_rows({
        'coupon_group_key': 'varchar',
        'title': 'varchar',
        'currency_code': 'varchar',
        'value_amount': 'numeric(18, 2)',
        'recency_rank': 'bigint',
    }) }}
    {% endif %}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

-- what happened after as_of_date has not happened; a use without a time is taken at its word
known_at_as_of as (

    select
        *,
        {{ business_date('taken_at') }} as taken_date,
        {{ business_date('used_at') }} as used_date,
        case
            when used_at is null then coalesce(is_used, false)
            else {{ business_date('used_at') }} <= {{ as_of_date() }}
        end as is_used_by_then
    from coupons

),

coupons_taken as (

    select
        -- ids
        known_at_as_of.coupon_key,
        known_at_as_of.coupon_group_key,
        known_at_as_of.brand_code,
        known_at_as_of.channel_code,
        case when known_at_as_of.is_used_by_then then known_at_as_of.order_key end as order_key,
        case
            when known_at_as_of.is_used_by_then then coalesce(orders.member_id, 'unknown')
            else 'unknown'
        end as member_id,

        -- what it gives, in the currency of the shop
        coupon_groups.title as coupon_title,
        coupon_groups.currency_code,
        coupon_groups.value_amount,

        -- timestamps (UTC) and business dates
        known_at_as_of.taken_at,
        known_at_as_of.taken_date,
        case when known_at_as_of.is_used_by_then then known_at_as_of.used_at end as used_at,
        case when known_at_as_of.is_used_by_then then known_at_as_of.used_date end as used_date,

        -- state as known at as_of_date
        known_at_as_of.is_used_by_then as is_used
    from known_at_as_of
    left join coupon_groups
        on
            known_at_as_of.coupon_group_key = coupon_groups.coupon_group_key
            and coupon_groups.recency_rank = 1
    left join orders
        on known_at_as_of.order_key = orders.order_key
    where
        not known_at_as_of.is_excluded
        and known_at_as_of.taken_date <= {{ as_of_date() }}

)

select * from coupons_taken
