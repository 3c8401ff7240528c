with

redirects as (

    select * from {{ ref('stg_siyu__published_member_id_redirects') }}

),

identifiers as (

    select * from {{ ref('stg_siyu__published_member_identifiers') }}

),

-- of an id whose anchor is gone, only whom it meant last is known
former_ids as (

    select
        redirects.old_member_id,
        identifiers.identifier,
        identifiers.epoch,
        redirects.member_id
    from redirects
    left join identifiers
        on redirects.old_member_id = identifiers.own_member_id

)

select * from former_ids
