with

points_changes as (

    {% if 'youzan' in var('channels') %}
        select
            points_change_key,
            brand_code,
            channel_code,
            customer_key,
            points,
            points_after,
            changed_at,
            expires_at,
            is_excluded
        from {{ ref('stg_youzan__points_changes') }}
    {% else %}
    {{ no_rows({
        'points_change_key': 'varchar',
        'brand_code': 'varchar',
        'channel_code': 'varchar',
        'customer_key': 'varchar',
        'points': 'bigint',
        'points_after': 'bigint',
        'changed_at': 'timestamp',
        'expires_at': 'timestamp',
        'is_excluded': 'boolean',
    }) }}
    {% endif %}

),

dated as (

    select
        *,
        {{ business_date('changed_at') }} as changed_date
    from points_changes

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

points_changes_that_happened as (

    select
        -- ids
        dated.points_change_key,
        dated.brand_code,
        dated.channel_code,
        coalesce(members_of_customers.member_id, dated.customer_key) as member_id,

        -- points
        dated.points,
        dated.points_after,

        -- timestamps (UTC) and business dates
        dated.changed_at,
        dated.changed_date,
        dated.expires_at
    from dated
    left join members_of_customers
        on dated.customer_key = members_of_customers.customer_key
    where
        not dated.is_excluded
        and dated.changed_date <= {{ as_of_date() }}

)

select * from points_changes_that_happened
