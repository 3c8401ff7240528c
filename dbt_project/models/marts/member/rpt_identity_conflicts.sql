with

found as (

    select * from {{ ref('int_identity_conflicts') }}

),

conflicts as (

    select
        -- ids: no identifier, only what two conflicts of one are told apart by
        {{ short_hash("""
            reason
            || '|' || left_identifier || '|' || coalesce(cast(left_epoch as varchar), '')
            || '|' || coalesce(right_identifier, '')
            || '|' || coalesce(cast(right_epoch as varchar), '')
        """) }} as conflict_key,
        reason,
        member_id,
        other_member_id,

        -- what was found, and what a rule allows
        coalesce(identifier_type, split_part(left_identifier, '|', 1)) as identifier_type,
        cast(found_count as bigint) as found_count,
        cast(allowed_count as bigint) as allowed_count
    from found

)

select * from conflicts
