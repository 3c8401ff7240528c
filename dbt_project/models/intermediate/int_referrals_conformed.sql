with

referrals as (

    {% if 'youzan' in var('channels') %}
        select
            salesman_order_key as referral_key,
            salesman_key,
            salesman_id,
            order_key,
            order_id,
            brand_code,
            channel_code,
            currency_code,
            order_amount,
            commission_amount,
            recorded_at,
            settled_at,
            is_excluded,
            exclusion_reason,
            _load_id,
            _source_row
        from {{ ref('stg_youzan__salesman_orders') }}
    {% else %}
    {{ no_rows({
        'referral_key': 'varchar',
        'salesman_key': 'varchar',
        'salesman_id': 'varchar',
        'order_key': 'varchar',
        'order_id': 'varchar',
        'brand_code': 'varchar',
        'channel_code': 'varchar',
        'currency_code': 'varchar',
        'order_amount': 'numeric(18, 2)',
        'commission_amount': 'numeric(18, 2)',
        'recorded_at': 'timestamp',
        'settled_at': 'timestamp',
        'is_excluded': 'boolean',
        'exclusion_reason': 'varchar',
        '_load_id': 'varchar',
        '_source_row': 'bigint',
    }) }}
    {% endif %}

),

upper_commissions as (

    {% if 'youzan' in var('channels') %}
        select
            salesman_order_key as referral_key,
            sum(upper_commission_amount) as upper_commission_amount
        from {{ ref('stg_youzan__salesman_order_lines') }}
        group by salesman_order_key
    {% else %}
    {{ no_rows({'referral_key': 'varchar', 'upper_commission_amount': 'numeric(18, 2)'}) }}
    {% endif %}

),

referrals_with_upper_commissions as (

    select
        referrals.*,
        cast(
            coalesce(upper_commissions.upper_commission_amount, 0) as numeric(18, 2)
        ) as upper_commission_amount
    from referrals
    left join upper_commissions
        on referrals.referral_key = upper_commissions.referral_key

)

select * from referrals_with_upper_commissions
