with

relations as (

    select * from {{ ref('fct_relations') }}

),

referrals as (

    select * from {{ ref('fct_referrals') }}

),

acquisition_kinds as (

    select * from {{ ref('acquisition_kinds') }}

),

acquisition_entries as (

    select * from {{ ref('acquisition_entries') }}

),

-- what a code or link says of itself goes before the way in which somebody was added
added as (

    select
        relations.member_id,
        case
            when relations.is_start_known then relations.started_at
            else relations.first_seen_at
        end as acquired_at,
        coalesce(
            acquisition_entries.acquisition_scheme, acquisition_kinds.acquisition_scheme, 'unknown'
        ) as acquisition_scheme,
        coalesce(acquisition_entries.acquisition_method, acquisition_kinds.acquisition_method)
            as acquisition_method
    from relations
    left join acquisition_entries
        on relations.entry_parameter = acquisition_entries.entry_parameter
    left join acquisition_kinds
        on relations.acquisition_kind = acquisition_kinds.acquisition_kind
    -- handed on between employees: nobody new
    where relations.acquisition_kind <> 'internal'

),

referred as (

    select
        member_id,
        referred_at as acquired_at,
        'referral' as acquisition_scheme,
        'salesman' as acquisition_method
    from referrals
    where member_id <> 'unknown'

),

sources as (

    select * from added

    union all

    select * from referred

),

ranked as (

    select
        *,
        row_number() over (
            partition by member_id
            order by
                acquired_at asc,
                (acquisition_scheme = 'unknown') asc,
                acquisition_scheme asc,
                acquisition_method asc
        ) as source_rank
    from sources

),

first_sources as (

    select
        member_id,
        acquired_at,
        acquisition_scheme,
        acquisition_method
    from ranked
    where source_rank = 1

)

select * from first_sources
