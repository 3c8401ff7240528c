with

matches as (

    select * from {{ ref('int_member_matches') }}

),

resolved as (

    select * from {{ ref('int_identity_resolved') }}

),

unlinks as (

    select * from {{ ref('identity_unlinks') }}

),

-- whose an identifier is today
owners as (

    select
        identifier,
        member_id
    from resolved
    where
        record_type = 'member'
        and valid_to is null

),

-- whichever of their identifiers somebody named
parted_members as (

    select
        least(left_owners.member_id, right_owners.member_id) as smaller_member_id,
        greatest(left_owners.member_id, right_owners.member_id) as larger_member_id
    from unlinks
    inner join owners as left_owners
        on unlinks.left_identifier = left_owners.identifier
    inner join owners as right_owners
        on unlinks.right_identifier = right_owners.identifier
    group by
        least(left_owners.member_id, right_owners.member_id),
        greatest(left_owners.member_id, right_owners.member_id)

),

candidates as (

    select
        -- ids: of both persons, and of the accounts that a decision names
        {{ short_hash("matches.left_identifier || '|' || matches.right_identifier") }}
            as candidate_key,
        left_owners.member_id,
        right_owners.member_id as other_member_id,
        matches.left_identifier,
        matches.right_identifier,

        -- how sure, and by what
        cast(matches.match_weight as numeric(18, 6)) as match_weight,
        cast(matches.match_probability as numeric(18, 6)) as match_probability,
        matches.is_same_name,
        matches.is_same_birthday,
        matches.is_same_address,
        matches.is_same_province,

        -- what became of it
        case
            when parted_members.smaller_member_id is not null then 'rejected_by_seed'
            when matches.is_linked then 'accepted_by_seed'
            when matches.is_accepted then 'accepted_by_rule'
            else 'suggested'
        end as status,
        left_owners.member_id = right_owners.member_id as is_one_member
    from matches
    inner join owners as left_owners
        on matches.left_identifier = left_owners.identifier
    inner join owners as right_owners
        on matches.right_identifier = right_owners.identifier
    left join parted_members
        on
            least(left_owners.member_id, right_owners.member_id)
            = parted_members.smaller_member_id
            and greatest(left_owners.member_id, right_owners.member_id)
            = parted_members.larger_member_id

),

-- two that are one person by what they were seen with need no decision
open_or_decided as (

    select * from candidates
    where
        status <> 'suggested'
        or not is_one_member

)

select * from open_or_decided
