with

points_changes as (

    {% if 'youzan' in var('channels') %}
        select
            points_change_key,
            brand_code,
            channel_code,
            member_id,
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
        'member_id': 'varchar',
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

points_changes_that_happened as (

    select
        -- ids
        points_change_key,
        brand_code,
        channel_code,
        member_id,

        -- points
        points,
        points_after,

        -- timestamps (UTC) and business dates
        changed_at,
        changed_date,
        expires_at
    from dated
    where
        not is_excluded
        and changed_date <= {{ as_of_date() }}

)

select * from points_changes_that_happened
