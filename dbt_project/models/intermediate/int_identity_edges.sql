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

edges as (

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

)

select * from edges
