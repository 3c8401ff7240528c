with

points_changes as (

    select
        points_change_key,
        brand_code,
        channel_code,
        customer_key,
        points_kind,
        points,
        points_after,
        changed_at,
        expires_at,
        is_excluded
    from {{ ref('stg_files__points_changes') }}

    {% if 'youzan' in var('channels') %}
        union all

        -- Youzan does not tell what was spent from what expired
        select
            points_change_key,
            brand_code,
            channel_code,
            customer_key,
            case when points >= 0 then 'earned' else 'redeemed' end as points_kind,
            points,
            points_after,
            changed_at,
            expires_at,
            is_excluded
        from {{ ref('stg_youzan__points_changes') }}
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
        dated.points_kind,
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
