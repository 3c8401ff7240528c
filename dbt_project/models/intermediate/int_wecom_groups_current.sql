{{ config(enabled='wecom' in var('channels')) }}

with

chats as (

    select * from {{ ref('stg_wecom__groups') }}

),

group_observations as (

    select * from {{ ref('int_snapshot_observations') }}
    where
        channel = 'wecom'
        and stream = 'groups'

),

state_observations as (

    select * from {{ ref('int_snapshot_observations') }}
    where
        channel = 'wecom'
        and stream = 'group_states'

),

stays as (

    {{ snapshot_episodes(
        'chats', 'group_observations', key=['group_key'], started_at='created_at'
    ) }}

),

last_stays as (

    select
        *,
        min(first_seen_at) over (partition by group_key) as group_first_seen_at,
        row_number() over (partition by group_key order by episode_number desc) as recency_rank
    from stays

),

states as (

    select
        states.group_key,
        states.group_status,
        row_number() over (partition by states.group_key order by states._observed_at desc)
            as recency_rank
    from {{ ref('stg_wecom__group_states') }} as states
    inner join state_observations
        on
            states.account_id = state_observations.account_id
            and states._observed_at = state_observations.observed_at

),

groups_described as (

    select
        -- ids
        chats.group_key,
        chats.chat_id,
        chats.brand_code,
        chats.channel_code,
        chats.account_id,
        chats.owner_guide_key,

        -- what it is
        chats.group_name,
        states.group_status,

        -- timestamps (UTC)
        chats.created_at,
        last_stays.group_first_seen_at as first_seen_at,
        last_stays.last_seen_at,
        last_stays.ended_before
    from last_stays
    inner join chats
        on
            last_stays.group_key = chats.group_key
            and last_stays.last_seen_at = chats._observed_at
    left join states
        on
            last_stays.group_key = states.group_key
            and states.recency_rank = 1
    where last_stays.recency_rank = 1

)

select * from groups_described
