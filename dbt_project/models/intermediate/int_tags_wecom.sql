{{ config(enabled='wecom' in var('channels')) }}

with

episodes as (

    select * from {{ ref('int_wecom_contact_tag_episodes') }}

),

-- tags come with the contacts
observations as (

    select * from {{ ref('int_snapshot_observations') }}
    where
        channel = 'wecom'
        and stream = 'contacts'

),

tags as (

    select
        *,
        row_number() over (partition by tag_key order by _observed_at desc) as recency_rank
    from {{ ref('stg_wecom__tags') }}

),

tag_groups as (

    select
        *,
        row_number() over (partition by tag_group_key order by _observed_at desc) as recency_rank
    from {{ ref('stg_wecom__tag_groups') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

tags_of_members as (

    select
        tags.brand_code,
        tags.channel_code,
        coalesce(members_of_customers.member_id, episodes.customer_key) as member_id,
        tag_groups.tag_group_name as tag_name,
        tags.tag_name as tag_value,
        'wecom' as tag_method,
        'guide' as tag_source,
        cast(null as varchar) as message_id,
        first_readings.window_date as valid_from,
        readings_without.window_date as valid_to
    from episodes
    inner join observations as first_readings
        on
            episodes.account_id = first_readings.account_id
            and episodes.first_seen_at = first_readings.observed_at
    left join observations as readings_without
        on
            episodes.account_id = readings_without.account_id
            and episodes.ended_before = readings_without.observed_at
    inner join tags
        on
            episodes.tag_key = tags.tag_key
            and tags.recency_rank = 1
    inner join tag_groups
        on
            tags.tag_group_key = tag_groups.tag_group_key
            and tag_groups.recency_rank = 1
    left join members_of_customers
        on episodes.customer_key = members_of_customers.customer_key

)

select * from tags_of_members
