with

published as (

    select * from {{ ref('stg_siyu__published_member_identifiers') }}

),

-- the id of a later owner is made of more than the identifier
with_ids as (

    select
        identifier,
        epoch,
        case
            when epoch > 0 or own_member_id <> 'm' || {{ short_hash('identifier') }}
                then own_member_id
        end as own_member_id,
        rekeyed_member_id as member_id
    from published

),

rekeyed as (

    select *
    from with_ids
    where
        own_member_id is not null
        or member_id is not null

)

select * from rekeyed
