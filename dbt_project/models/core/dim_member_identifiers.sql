with

resolved as (

    select * from {{ ref('int_identity_resolved') }}

),

nodes as (

    select * from {{ ref('int_identity_nodes') }}

),

published as (

    select * from {{ ref('stg_siyu__published_member_identifiers') }}

),

identifiers as (

    select
        -- ids
        resolved.identifier,
        split_part(resolved.identifier, '|', 1) as identifier_type,
        split_part(resolved.identifier, '|', 2) as scope,
        split_part(resolved.identifier, '|', 3) as token,
        cast(resolved.epoch as integer) as epoch,
        resolved.member_id,

        -- what it is to the member
        resolved.is_anchor,
        case
            when resolved.is_anchor then resolved.member_id
            else published.own_member_id
        end as own_member_id,
        published.rekeyed_member_id,

        -- timestamps (UTC)
        resolved.valid_from,
        resolved.valid_to,
        nodes.last_seen_at
    from resolved
    inner join nodes
        on resolved.identifier = nodes.identifier
    left join published
        on
            resolved.identifier = published.identifier
            and resolved.epoch = published.epoch
    where resolved.record_type = 'member'

)

select * from identifiers
