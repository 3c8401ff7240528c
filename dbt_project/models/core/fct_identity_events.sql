with

changes as (

    select * from {{ ref('int_identity_changes') }}

),

before as (

    select * from {{ ref('stg_siyu__published_member_identifiers') }}

),

edges as (

    select * from {{ ref('int_identity_edges') }}

),

resolved as (

    select * from {{ ref('int_identity_resolved') }}

),

after as (

    select * from resolved
    where record_type = 'member'

),

published as (

    select * from {{ ref('stg_siyu__published_identity_events') }}

),

events as (

    select
        event,
        from_member_id,
        to_member_id,
        identifier_count
    from changes
    where record_type = 'event'

),

moved_identifiers as (

    select distinct
        events.event,
        events.from_member_id,
        events.to_member_id,
        before.identifier
    from events
    inner join before
        on events.from_member_id = before.member_id
    left join after
        on
            before.identifier = after.identifier
            and before.epoch = after.epoch
    where after.member_id is not distinct from events.to_member_id

),

edges_both_ways as (

    select
        left_identifier as identifier,
        right_identifier as other_identifier,
        link_source
    from edges

    union all

    select
        right_identifier as identifier,
        left_identifier as other_identifier,
        link_source
    from edges

),

-- what binds the identifiers that came to the rest of whom they came to
reasons_of_links as (

    select
        moved_identifiers.from_member_id,
        moved_identifiers.to_member_id,
        edges_both_ways.link_source as reason
    from moved_identifiers
    inner join edges_both_ways
        on moved_identifiers.identifier = edges_both_ways.identifier
    inner join after
        on
            edges_both_ways.other_identifier = after.identifier
            and moved_identifiers.to_member_id = after.member_id
    left join before
        on
            after.identifier = before.identifier
            and after.epoch = before.epoch
    where
        moved_identifiers.event in ('merge', 'remap')
        and before.member_id is distinct from moved_identifiers.from_member_id

),

-- which rules parted the identifiers that left from those that stayed, or made them nobody's
reasons_of_conflicts as (

    select
        moved_identifiers.from_member_id,
        moved_identifiers.to_member_id,
        resolved.reason
    from moved_identifiers
    inner join before
        on moved_identifiers.from_member_id = before.member_id
    inner join resolved
        on before.identifier = resolved.left_identifier
    where
        moved_identifiers.event <> 'merge'
        and resolved.record_type = 'conflict'

),

reasons as (

    select * from reasons_of_links

    union

    select * from reasons_of_conflicts

),

reasons_of_events as (

    select
        from_member_id,
        to_member_id,
        {{ sorted_list('reason') }} as reasons
    from reasons
    group by from_member_id, to_member_id

),

last_event as (

    select coalesce(max(event_number), 0) as event_number
    from published

),

new_events as (

    select
        last_event.event_number
        + row_number() over (
            order by events.event, events.from_member_id, events.to_member_id
        ) as event_number,
        {{ as_of_date() }} as as_of_date,
        events.event,
        events.from_member_id,
        events.to_member_id,
        cast(events.identifier_count as bigint) as identifier_count,
        coalesce(reasons_of_events.reasons, cast([] as varchar[])) as reasons
    from events
    inner join last_event
        on true
    left join reasons_of_events
        on
            events.from_member_id = reasons_of_events.from_member_id
            and events.to_member_id is not distinct from reasons_of_events.to_member_id

),

all_events as (

    select * from published

    union all

    select * from new_events

)

select * from all_events
