with

resolved as (

    select * from {{ ref('int_identity_resolved') }}

),

before as (

    select * from {{ ref('int_identity_before') }}

),

members as (

    select
        identifier,
        epoch,
        member_id,
        is_anchor
    from resolved
    where record_type = 'member'

),

-- a customer with whom nothing is seen any more has an id all the same
alone_now as (

    select
        identifier,
        epoch,
        'm' || {{ short_hash('identifier') }} as member_id,
        true as is_anchor
    from before
    where
        split_part(identifier, '|', 1) = 'customer'
        and epoch = 0
        and identifier not in (select members.identifier from members)

),

identifiers_after as (

    select * from members

    union all

    select * from alone_now

)

select * from identifiers_after
