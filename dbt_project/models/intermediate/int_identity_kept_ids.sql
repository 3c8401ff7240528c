with

published as (

    select * from {{ ref('stg_siyu__published_member_identifiers') }}

),

kept_ids as (

    select
        identifier,
        epoch,
        own_member_id as member_id
    from published
    where
        own_member_id is not null
        -- the id of a later owner is made of more than the identifier
        and (epoch > 0 or own_member_id <> 'm' || {{ short_hash('identifier') }})

)

select * from kept_ids
