{% set platforms = ['taobao', 'youzan'] | select('in', var('channels')) | list %}

with

files as (

    select
        customer_key,
        brand_code,
        channel_code,
        province,
        cast(null as timestamp) as registered_at,
        enrolled_at,
        unenrolled_at,
        added_at,
        updated_at,
        is_excluded,
        exclusion_reason,
        _load_id,
        _source_row
    from {{ ref('stg_files__customers') }}

),
{% if 'taobao' in platforms %}

    taobao as (

        select
            customer_key,
            brand_code,
            channel_code,
            cast(null as varchar) as province,
            cast(null as timestamp) as registered_at,
            cast(null as timestamp) as enrolled_at,
            cast(null as timestamp) as unenrolled_at,
            cast(null as timestamp) as added_at,
            _observed_at as updated_at,
            is_excluded,
            exclusion_reason,
            _load_id,
            _source_row
        from {{ ref('stg_taobao__members') }}

    ),
{% endif %}
{% if 'youzan' in platforms %}

    youzan_observations as (

        select
            *,
            row_number() over (
                partition by customer_key
                order by _observed_at desc
            ) as recency_rank,
            max(case when is_member then _observed_at end) over (
                partition by customer_key
            ) as last_seen_as_member_at
        from {{ ref('stg_youzan__customers') }}

    ),

    -- the list shows no end of a membership: it lies before the first reading that no longer has it
    youzan_memberships as (

        select
            customer_key,
            max(case when _observed_at = last_seen_as_member_at then enrolled_at end)
                as enrolled_at,
            min(case when _observed_at > last_seen_as_member_at then _observed_at end)
                as unenrolled_at
        from youzan_observations
        group by customer_key

    ),

    youzan as (

        select
            youzan_observations.customer_key,
            youzan_observations.brand_code,
            youzan_observations.channel_code,
            cast(null as varchar) as province,
            youzan_observations.registered_at,
            youzan_memberships.enrolled_at,
            youzan_memberships.unenrolled_at,
            cast(null as timestamp) as added_at,
            youzan_observations._observed_at as updated_at,
            youzan_observations.is_excluded,
            youzan_observations.exclusion_reason,
            youzan_observations._load_id,
            youzan_observations._source_row
        from youzan_observations
        inner join youzan_memberships
            on youzan_observations.customer_key = youzan_memberships.customer_key
        where youzan_observations.recency_rank = 1

    ),
{% endif %}

conformed as (

    {{ files_and_platforms(platforms, same=['customer_key']) }}

)

select * from conformed
