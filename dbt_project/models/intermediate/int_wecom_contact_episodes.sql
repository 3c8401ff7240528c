{{ config(enabled='wecom' in var('channels')) }}

with

contacts as (

    select * from {{ ref('stg_wecom__contacts') }}

),

observations as (

    select * from {{ ref('int_snapshot_observations') }}
    where
        channel = 'wecom'
        and stream = 'contacts'

),

episodes as (

    {{ snapshot_episodes(
        'contacts', 'observations', key=['guide_key', 'customer_key'], started_at='added_at'
    ) }}

),

-- how they became friends, as told at the last sighting
episodes_described as (

    select
        -- ids
        episodes.guide_key,
        episodes.customer_key,
        episodes.episode_number,
        contacts.brand_code,
        contacts.channel_code,
        episodes.account_id,

        -- how they became friends
        contacts.contact_type,
        contacts.add_way,
        contacts.state,

        -- timestamps (UTC), and what is known of them
        episodes.started_at,
        episodes.is_start_known,
        episodes.first_seen_at,
        episodes.last_seen_at,
        episodes.ended_before,
        episodes.is_gap
    from episodes
    inner join contacts
        on
            episodes.guide_key = contacts.guide_key
            and episodes.customer_key = contacts.customer_key
            and episodes.last_seen_at = contacts._observed_at

)

select * from episodes_described
