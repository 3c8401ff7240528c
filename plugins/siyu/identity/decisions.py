"""What a person decided: links and unlinks, and whether they can both be followed."""

from collections import deque
from itertools import pairwise

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.errors import UsageError

_NAMES = ("left_identifier", "right_identifier", "decided_at")
_NONE = "create or replace temp table identity_{what} (left_node integer, right_node integer)"
# a link is of the epoch in which the pair was seen, else of the one that stood when it was decided
_LINKS = """
create or replace temp table identity_links as
with
decided as (
    select
        left_nodes.node as left_given, right_nodes.node as right_given, given.decided_at
    from identity_given_links as given
    inner join identity_nodes as left_nodes on given.left_identifier = left_nodes.identifier
    inner join identity_nodes as right_nodes on given.right_identifier = right_nodes.identifier
    where left_given <> right_given
)
select distinct
    coalesce(left_seen.epoch_node, left_standing.epoch_node, left_first.epoch_node, left_given) as left_node,
    coalesce(right_seen.epoch_node, right_standing.epoch_node, right_first.epoch_node, right_given) as right_node
from decided
left join identity_moved as left_seen on left_given = left_seen.node and right_given = left_seen.other
left join identity_moved as right_seen on right_given = right_seen.node and left_given = right_seen.other
left join identity_epochs as left_first on left_given = left_first.node and left_first.stretch = 0
left join identity_epochs as right_first on right_given = right_first.node and right_first.stretch = 0
asof left join identity_epochs as left_standing
    on left_given = left_standing.node and decided_at >= left_standing.began_at
asof left join identity_epochs as right_standing
    on right_given = right_standing.node and decided_at >= right_standing.began_at
"""
# an unlink holds for all owners that its identifiers had
_UNLINKS = """
create or replace temp table identity_unlinks as
select distinct
    coalesce(left_epochs.epoch_node, left_nodes.node) as left_node,
    coalesce(right_epochs.epoch_node, right_nodes.node) as right_node
from identity_given_unlinks as given
inner join identity_nodes as left_nodes on given.left_identifier = left_nodes.identifier
inner join identity_nodes as right_nodes on given.right_identifier = right_nodes.identifier
left join identity_epochs as left_epochs on left_nodes.node = left_epochs.node
left join identity_epochs as right_epochs on right_nodes.node = right_epochs.node
"""
_NAME_OF_NODE = """
select identifier from identity_nodes where node = coalesce(
    (select node from identity_epochs where epoch_node = $node), $node
)
"""


def place_decisions(
    connection: DuckDBPyConnection, links: DuckDBPyRelation | None, unlinks: DuckDBPyRelation | None
) -> None:
    """Make `identity_links` and `identity_unlinks`, between nodes.

    Raises:
        UsageError: An unlink parts what links join, or an identifier from itself; the message names both.
    """
    for what, given, statement in (("links", links, _LINKS), ("unlinks", unlinks, _UNLINKS)):
        if given is None:
            connection.execute(_NONE.format(what=what))
        else:
            connection.register(f"identity_given_{what}", given.select(*_NAMES))
            connection.execute(statement)
    _check(connection)


def _check(connection: DuckDBPyConnection) -> None:
    neighbours: dict[int, list[int]] = {}
    for left, right in connection.execute("from identity_links order by all").fetchall():
        neighbours.setdefault(left, []).append(right)
        neighbours.setdefault(right, []).append(left)
    for left, right in connection.execute("from identity_unlinks order by all").fetchall():
        if path := _path(neighbours, left, right):
            names = [_name(connection, node) for node in path]
            joined = (
                "an identifier is one with itself"
                if len(names) == 1
                else "they are linked by hand: "
                + ", ".join(f"{one} with {other}" for one, other in pairwise(names))
            )
            raise UsageError(
                f"an unlink parts {names[0]} from {names[-1]}, but {joined}",
                expected="links and unlinks that can all be followed",
                do="remove the unlink, or one of the links",
            )


def _path(neighbours: dict[int, list[int]], start: int, end: int) -> list[int]:
    """The nodes of a shortest way over links, both ends included; empty where there is none."""
    came_from, waiting = {start: start}, deque([start])
    while waiting and end not in came_from:
        node = waiting.popleft()
        for other in neighbours.get(node, ()):
            if other not in came_from:
                came_from[other] = node
                waiting.append(other)
    if end not in came_from:
        return []
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def _name(connection: DuckDBPyConnection, node: int) -> str:
    (name,) = connection.execute(_NAME_OF_NODE, {"node": node}).fetchone() or ("?",)
    return str(name)
