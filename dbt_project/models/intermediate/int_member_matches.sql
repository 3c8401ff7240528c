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
        greatest(left_landed.sequence, right_landed.sequence) as first_landed
    from pairs
    inner join landed as left_landed
        on pairs.left_identifier = left_landed.identifier
    inner join landed as right_landed
        on pairs.right_identifier = right_landed.identifier
    where pairs.match_probability >= {{ var('match_suggested_from') }}

)

select * from matches
