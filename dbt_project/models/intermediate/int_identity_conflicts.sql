with

resolved as (

    select * from {{ ref('int_identity_resolved') }}

),

notes_elsewhere as (

    select * from {{ ref('int_identity_notes_elsewhere') }}

),

members as (

    select
        identifier,
        member_id
    from resolved
    where
        record_type = 'member'
        and valid_to is null

),

found as (

    select
        reason,
        member_id,
        other_member_id,
        left_identifier,
        left_epoch,
        right_identifier,
        right_epoch,
        identifier_type,
        found_count,
        allowed_count
    from resolved
    where record_type = 'conflict'

    union all

    select
        'noted_elsewhere' as reason,
        members.member_id,
        holders.member_id as other_member_id,
        notes_elsewhere.left_identifier,
        null as left_epoch,
        notes_elsewhere.right_identifier,
        null as right_epoch,
        'phone' as identifier_type,
        null as found_count,
        null as allowed_count
    from notes_elsewhere
    left join members
        on notes_elsewhere.left_identifier = members.identifier
    left join members as holders
        on notes_elsewhere.right_identifier = holders.identifier

)

select * from found
