with

identifiers as (

    select
        identifier,
        epoch,
        member_id,
        is_anchor,
        own_member_id,
        rekeyed_member_id
    from {{ source('raw', 'published_dim_member_identifiers') }}

)

select * from identifiers
