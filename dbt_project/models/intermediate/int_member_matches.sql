with

pairs as (

    select * from {{ ref('int_member_match_pairs') }}

),

attributes as (

    select * from {{ ref('int_member_match_attributes') }}

),

loads as (

    select * from {{ ref('stg_siyu__loads') }}

),

links as (

    select * from {{ ref('identity_links') }}

),

-- either way round; a decision may be listed twice
linked_accounts as (

    select
        least(left_identifier, right_identifier) as left_identifier,
        greatest(left_identifier, right_identifier) as right_identifier
    from links
    group by least(left_identifier, right_identifier), greatest(left_identifier, right_identifier)

),

landed as (

    select
        attributes.identifier,
        loads.sequence
    from attributes
    inner join loads
        on attributes._load_id = loads.load_id

),

matches as (

    select
        pairs.*,
        coalesce(
            pairs.match_probability >= {{ var('match_accepted_from') or 'null' }}, false
        ) as is_accepted,
        linked_accounts.left_identifier is not null as is_linked,
        greatest(left_landed.sequence, right_landed.sequence) as first_landed
    from pairs
    inner join landed as left_landed
        on pairs.left_identifier = left_landed.identifier
    inner join landed as right_landed
        on pairs.right_identifier = right_landed.identifier
    left join linked_accounts
        on
            pairs.left_identifier = linked_accounts.left_identifier
            and pairs.right_identifier = linked_accounts.right_identifier
    where pairs.match_probability >= {{ var('match_suggested_from') }}

)

select * from matches
