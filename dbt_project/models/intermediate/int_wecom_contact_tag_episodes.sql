{{ config(enabled='wecom' in var('channels')) }}

with

contact_tags as (

    select * from {{ ref('stg_wecom__contact_tags') }}

),

-- tags come with the contacts
observations as (

    select * from {{ ref('int_snapshot_observations') }}
    where
        channel = 'wecom'
        and stream = 'contacts'

),

episodes as (

    {{ snapshot_episodes(
        'contact_tags', 'observations', key=['guide_key', 'customer_key', 'tag_key']
    ) }}

)

select * from episodes
