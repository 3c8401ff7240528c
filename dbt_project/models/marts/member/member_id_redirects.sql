with

changes as (

    select * from {{ ref('int_identity_changes') }}

),

redirects as (

    select
        from_member_id as old_member_id,
        to_member_id as member_id
    from changes
    where record_type = 'redirect'

)

select * from redirects
