"""Identifiers that were given to somebody else: one node per owner, called an epoch.

The sightings of a recyclable identifier (a phone) with identifiers that belong to one person for good are laid out in
time. Where one begins after `recycle_days` in which no other lasted, a new epoch begins. So an account that is still
seen with the number keeps it, and what came late can fill a silence or add an epoch, but never divides one.

Epochs are numbered by landing, not by time: the one whose first sighting landed first is epoch 0, any other bears the
number of sightings that had landed before its own first; of one load, what happened first counts as landed first. Data
that lands later changes none of these numbers, so an owner from before whom nobody knew does not take over what is
known of the one after.
"""

from duckdb import DuckDBPyConnection

# with whom a number was seen, where there are silences between
_SIGHTINGS = """
create or replace temp table identity_sightings as
with
recyclable as (
    select node, to_days(cast(any_value(recycle_days) as integer)) as silence
    from identity_sides
    inner join identity_nodes as nodes using (node)
    inner join identity_types using (type_id)
    anti join identity_blocked using (node)
    where recycle_days is not null
    group by node
    having max(identity_sides.first_seen_at) > min(identity_sides.last_seen_at) + silence
),
sightings as (
    select
        sides.node, sides.other, sides.first_landed, sides.first_seen_at, others.identifier as other_identifier,
        greatest(sides.first_seen_at, sides.last_seen_at) as last_seen_at, recyclable.silence
    from identity_sides as sides
    inner join recyclable using (node)
    inner join identity_nodes as others on sides.other = others.node
    inner join identity_types using (type_id)
    anti join identity_blocked as blocked on sides.other = blocked.node
    where identity_types.recycle_days is null and sides.first_seen_at is not null
),
spaced as (
    select
        *,
        max(last_seen_at) over (
            partition by node order by first_seen_at, other_identifier
            rows between unbounded preceding and 1 preceding
        ) as seen_until,
        row_number() over (
            partition by node order by first_landed, first_seen_at, other_identifier
        ) - 1 as landing
    from sightings
)
select
    node, other, landing, first_landed, first_seen_at, last_seen_at, other_identifier,
    count(*) filter (where first_seen_at > seen_until + silence) over (
        partition by node order by first_seen_at, other_identifier
        rows between unbounded preceding and current row
    ) as stretch
from spaced
"""
# `founder` and `founder_landed`: the sighting that landed first; `began_with`: the one that happened first
_EPOCHS = """
create or replace temp table identity_epochs as
with
stretches as (
    select
        node, stretch, min(landing) as epoch, min(first_landed) as founder_landed,
        arg_min(other, landing) as founder,
        arg_min(other, {'at': first_seen_at, 'who': other_identifier}) as began_with,
        min(first_seen_at) as began_at, max(last_seen_at) as seen_until
    from identity_sightings group by node, stretch
),
spaced as (
    select
        *, count(*) over (partition by node) as epoch_count,
        lead(began_at) over (partition by node order by stretch) as ended_at,
        max(seen_until) over (
            partition by node order by stretch rows between unbounded preceding and 1 preceding
        ) as silent_since
    from stretches
)
select
    node, cast(epoch as integer) as epoch, stretch, founder, founder_landed,
    began_with, began_at, ended_at, silent_since,
    cast(case
        when epoch = 0 then node
        else (select count(*) from identity_nodes) - 1 + row_number() over (order by epoch = 0, node, epoch)
    end as integer) as epoch_node
from spaced
where epoch_count > 1
"""
# which epoch an edge is of, at an end that has several: that of its sighting; an edge that is none (no time, or to
# another recyclable identifier) is of the epoch that stood when it was first seen, else of the first in time
_MOVED = """
create or replace temp table identity_moved as
select
    sides.node, sides.other,
    coalesce(seen.epoch_node, standing.epoch_node, first_in_time.epoch_node) as epoch_node
from identity_sides as sides
inner join identity_epochs as first_in_time on sides.node = first_in_time.node and first_in_time.stretch = 0
left join identity_sightings as sightings on sides.node = sightings.node and sides.other = sightings.other
left join identity_epochs as seen on sightings.node = seen.node and sightings.stretch = seen.stretch
asof left join identity_epochs as standing
    on sides.node = standing.node and sides.first_seen_at >= standing.began_at
"""


def cut_recycled(connection: DuckDBPyConnection) -> None:
    """Make `identity_epochs`, of identifiers with several, and `identity_moved`: the nodes of these in their edges."""
    for statement in (_SIGHTINGS, _EPOCHS, _MOVED):
        connection.execute(statement)
