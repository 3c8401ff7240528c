"""Identifiers that name nobody: those that a person listed, and those that were seen with too many others.

No edge of theirs counts, and they are in no member: an order that shows nothing else has no known buyer. Where a person
linked one by hand, that link stands, and it is that member's.
"""

import numpy as np
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.identity.arrays import Array, read_columns, show_columns

_LISTED = """
create or replace temp table identity_listed as
select distinct node from identity_given_blocklist inner join identity_nodes using (identifier)
"""
_NOBODY_IS_LISTED = "create or replace temp table identity_listed as select node from identity_nodes limit 0"
_LIMITS = (
    "select (select count(*) from identity_nodes), min(max_degree), min(recycle_days) from identity_types"
)
_ENDS = """
select
    left_node, right_node,
    coalesce(epoch_us(first_seen_at), $never) as first_seen_at,
    coalesce(epoch_us(last_seen_at), -$never) as last_seen_at
from identity_edges
"""
_NEVER = -(1 << 61)
_DAY = 86_400_000_000  # microseconds
_SUSPECTS = """
create or replace temp table identity_suspects as
select node from identity_maybe union select node from identity_listed
"""
# with whom they were seen, each pair once: of several rows the earliest and the latest count
_SIDES = """
create or replace temp table identity_sides as
select
    node, other, min(first_landed) as first_landed,
    min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from (
    select left_node as node, right_node as other, first_landed, first_seen_at, last_seen_at from identity_edges
    union all
    select right_node, left_node, first_landed, first_seen_at, last_seen_at from identity_edges
)
semi join identity_suspects using (node)
group by node, other
"""
_BLOCKED = """
create or replace temp table identity_blocked as
with degrees as (select node, count(*) as degree from identity_sides group by node)
select node, 'blocked_by_list' as reason, coalesce(degree, 0) as degree, cast(null as bigint) as max_degree
from identity_listed left join degrees using (node)
union all
select node, 'blocked_by_degree', degree, max_degree
from degrees inner join identity_nodes using (node) inner join identity_types using (type_id)
anti join identity_listed using (node)
where degree > max_degree
"""


def block(connection: DuckDBPyConnection, blocklist: DuckDBPyRelation | None) -> None:
    """Make `identity_blocked`: node, reason, and how many others it was seen with; and `identity_sides`."""
    if blocklist is None:
        connection.execute(_NOBODY_IS_LISTED)
    else:
        connection.register("identity_given_blocklist", blocklist)
        connection.execute(_LISTED)
    show_columns(connection, "identity_maybe", node=_find_suspects(connection))
    for statement in (_SUSPECTS, _SIDES, _BLOCKED):
        connection.execute(statement)


def _find_suspects(connection: DuckDBPyConnection) -> Array:
    """Nodes that a rule may concern: the few that are looked at closely.

    None is overlooked: a node has no more pairs than rows, and its pairs are no further apart in time than its rows.
    """
    count, max_degree, recycle_days = connection.execute(_LIMITS).fetchone() or (0, None, None)
    ends = read_columns(connection, _ENDS, {"never": _NEVER})
    is_suspect = np.zeros(count, dtype=bool)
    if max_degree is not None:
        rows = sum(np.bincount(ends[side], minlength=count) for side in ("left_node", "right_node"))
        is_suspect |= rows > max_degree
    if recycle_days is not None:
        latest_start, earliest_end = np.full(count, _NEVER), np.full(count, -_NEVER)
        for side in ("left_node", "right_node"):
            np.maximum.at(latest_start, ends[side], ends["first_seen_at"])
            np.minimum.at(earliest_end, ends[side], ends["last_seen_at"])
        is_suspect |= latest_start - earliest_end > recycle_days * _DAY
    return np.flatnonzero(is_suspect)
