{{ config(materialized='table') }}

with

links as (

    {{ of_channels('identifier_links', ['wecom', 'youzan']) }}

),

loads as (

    select * from {{ ref('stg_siyu__loads') }}

),

link_sources as (

    select * from {{ ref('identity_link_sources') }}

),

notes_elsewhere as (

    select * from {{ ref('int_identity_notes_elsewhere') }}

),

matches as (

    select * from {{ ref('int_member_matches') }}

),

seen_together as (

    select
        links.left_identifier,
        links.right_identifier,
        links.link_source,
        max(link_sources.strength) as strength,
        min(loads.sequence) as first_landed,
        min(links.seen_at) as first_seen_at,
        max(links.seen_at) as last_seen_at
    from links
    inner join loads
        on links._load_id = loads.load_id
    inner join link_sources
        on links.link_source = link_sources.link_source
    left join notes_elsewhere
        on
            links.link_source = 'remark'
            and links.left_identifier = notes_elsewhere.left_identifier
            and links.right_identifier = notes_elsewhere.right_identifier
    where
        link_sources.is_followed
        and notes_elsewhere.left_identifier is null
    group by links.left_identifier, links.right_identifier, links.link_source

),

-- never seen together, so without a time; a link by hand joins anyway, here it says why
matched as (

    select
        matches.left_identifier,
        matches.right_identifier,
        link_sources.link_source,
        link_sources.strength,
        matches.first_landed,
        cast(null as timestamp) as first_seen_at,
        cast(null as timestamp) as last_seen_at
    from matches
    inner join link_sources
        on link_sources.link_source = 'match'
    where
        link_sources.is_followed
        and (matches.is_accepted or matches.is_linked)

),

edges as (

    select * from seen_together

    union all

    select * from matched

)

select * from edges
