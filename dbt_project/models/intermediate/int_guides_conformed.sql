{% set has_wecom = 'wecom' in var('channels') %}

with
{% if has_wecom %}

    listed as (

        select * from {{ ref('stg_wecom__guides') }}

    ),

    observations as (

        select * from {{ ref('int_snapshot_observations') }}
        where
            channel = 'wecom'
            and stream = 'guides'

    ),

    stays as (

        {{ snapshot_episodes('listed', 'observations', key=['guide_key']) }}

    ),

    stays_per_guide as (

        select
            guide_key,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
            bool_or(ended_before is null) as is_listed
        from stays
        group by guide_key

    ),

    -- who left before the list was first read is known by what they did
    named as (

        select
            listed.guide_key,
            listed.userid,
            listed.brand_code,
            listed.channel_code,
            listed.account_id,
            cast(null as timestamp) as named_at
        from listed
        inner join stays
            on
                listed.guide_key = stays.guide_key
                and listed._observed_at = stays.last_seen_at

        union all

        select
            guide_key,
            userid,
            brand_code,
            channel_code,
            account_id,
            added_at as named_at
        from {{ ref('stg_wecom__contacts') }}

        union all

        select
            owner_guide_key as guide_key,
            owner_userid as userid,
            brand_code,
            channel_code,
            account_id,
            created_at as named_at
        from {{ ref('stg_wecom__groups') }}
        where owner_guide_key is not null

        union all

        select
            guide_key,
            userid,
            brand_code,
            channel_code,
            account_id,
            sent_at as named_at
        from {{ ref('stg_wecom__mass_message_tasks') }}
        where sent_at is not null

        union all

        select
            reach.guide_key,
            reach.userid,
            reach.brand_code,
            reach.channel_code,
            reach.account_id,
            coalesce(moments.created_at, reach._observed_at) as named_at
        from {{ ref('stg_wecom__moment_reach') }} as reach
        left join {{ ref('stg_wecom__moments') }} as moments
            on reach.moment_key = moments.moment_key

        union all

        select
            guide_key,
            payee_userid as userid,
            brand_code,
            channel_code,
            account_id,
            paid_at as named_at
        from {{ ref('stg_wecom__bills') }}
        where guide_key is not null

    ),

    guides as (

        select
            guide_key,
            max(userid) as userid,
            max(brand_code) as brand_code,
            max(channel_code) as channel_code,
            max(account_id) as account_id
        from named
        where
            named_at is null
            or {{ business_date('named_at') }} <= {{ as_of_date() }}
        group by guide_key

    ),

    staff as (

        select * from {{ ref('int_wecom_staff_current') }}

    ),
{% endif %}

conformed as (

    {% if has_wecom %}
        select
            guides.guide_key,
            guides.userid,
            guides.brand_code,
            guides.channel_code,
            guides.account_id,
            staff.department_key,
            staff.department_name,
            -- staff_status 1 is active; an app that may not see it says nothing
            coalesce(stays_per_guide.is_listed, false) and coalesce(staff.staff_status, 1) = 1
                as is_active,
            stays_per_guide.first_seen_at,
            stays_per_guide.last_seen_at
        from guides
        left join stays_per_guide
            on guides.guide_key = stays_per_guide.guide_key
        left join staff
            on guides.guide_key = staff.guide_key
    {% else %}
        {{ no_rows({
            'guide_key': 'varchar', 'userid': 'varchar', 'brand_code': 'varchar',
            'channel_code': 'varchar', 'account_id': 'varchar', 'department_key': 'varchar',
            'department_name': 'varchar', 'is_active': 'boolean',
            'first_seen_at': 'timestamp', 'last_seen_at': 'timestamp',
        }) }}
    {% endif %}

)

select * from conformed
