{{ config(enabled='wecom' in var('channels')) }}

with

-- employees in their own groups are no members of the brand
members as (

    select * from {{ ref('stg_wecom__group_members') }}
    where customer_key is not null

),

observations as (

    select * from {{ ref('int_snapshot_observations') }}
    where
        channel = 'wecom'
        and stream = 'groups'

),

episodes as (

    {{ snapshot_episodes(
        'members', 'observations', key=['group_key', 'customer_key'], started_at='joined_at'
    ) }}

),

-- how they came, as told at the last sighting
episodes_described as (

    select
        -- ids
        episodes.group_key,
        episodes.customer_key,
        episodes.episode_number,
        members.brand_code,
        members.channel_code,
        episodes.account_id,

        -- how they came
        members.join_scene,
        members.state,
        members.inviter_guide_key,

        -- timestamps (UTC), and what is known of them
        episodes.started_at,
        episodes.is_start_known,
        episodes.first_seen_at,
        episodes.last_seen_at,
        episodes.ended_before,
        episodes.is_gap
    from episodes
    inner join members
        on
            episodes.group_key = members.group_key
            and episodes.customer_key = members.customer_key
            and episodes.last_seen_at = members._observed_at

)

select * from episodes_described
