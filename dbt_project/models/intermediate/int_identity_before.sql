with

published as (

    select * from {{ ref('stg_siyu__published_member_identifiers') }}

),

nodes as (

    select * from {{ ref('int_identity_nodes') }}

),

loads as (

    select * from {{ ref('stg_siyu__loads') }}

),

last_published as (

    select max(sequence) as last_sequence
    from loads
    where is_published

),

-- a customer who was seen with nothing stood in no crosswalk and had an id all the same
alone_then as (

    select
        nodes.identifier,
        0 as epoch,
        'm' || {{ short_hash('nodes.identifier') }} as member_id,
        true as is_anchor,
        'm' || {{ short_hash('nodes.identifier') }} as own_member_id
    from nodes
    inner join last_published
        on nodes.first_landed <= last_published.last_sequence
    where
        nodes.identifier_type = 'customer'
        and nodes.identifier not in (select published.identifier from published)

),

identifiers_before as (

    select * from published

    union all

    select * from alone_then

)

select * from identifiers_before
