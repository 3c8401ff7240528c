"""Components that hold more than one member may: their edges are followed from the strongest to the weakest.

An edge whose ends may not be in one member, given what stronger edges have joined, is refused and becomes a conflict.
Refused once it is refused for good: members only grow here. Which of two edges is the stronger is decided by what they
say, never by the order in which they came: links, then strength, then by how many sources it is seen, then who was seen
first (the family's phone stays with the one it was first seen with, night after night), then whether its ends were one
member's when tokens were re-keyed last, then a hash of its two names.
"""

from dataclasses import dataclass, field

import numpy as np
from duckdb import DuckDBPyConnection

from siyu.identity.arrays import Array, read_columns, show_columns
from siyu.identity.components import Nodes

UNLINKED = -1

_LIMITS = "select type_id, max_per_member from identity_types where max_per_member is not null"
# identifiers of a type that has a limit, in components that may be over it; the limit is per scope
_LIMITED = """
create or replace temp table identity_limited as
select
    suspects.node, suspects.label, identity_types.max_per_member, identity_nodes.node as identifier_node,
    identity_types.type_id,
    dense_rank() over (order by identity_types.type_id, split_part(identity_nodes.identifier, '|', 2)) as class
from identity_suspect_nodes as suspects
left join identity_epochs on suspects.node = identity_epochs.epoch_node
inner join identity_nodes on coalesce(identity_epochs.node, suspects.node) = identity_nodes.node
inner join identity_types using (type_id)
where max_per_member is not null
"""
_OVER = """
create or replace temp table identity_over as
select label from identity_limited
group by label, class, max_per_member having count(distinct identifier_node) > max_per_member
union
select label from identity_parted_labels
"""
_EDGES = """
with
edges as (
    select
        joins.left_node, joins.right_node, given.left_node as left_given, given.right_node as right_given,
        edge is null as is_link, max(strength) as strength,
        count(distinct link_source) as source_count, min(first_seen_at) as first_seen_at
    from identity_joins as joins
    inner join identity_suspect_nodes as suspects on joins.left_node = suspects.node
    semi join identity_over using (label)
    left join identity_edges as given on joins.edge = given.rowid
    group by joins.left_node, joins.right_node, left_given, right_given, is_link
),
-- few: each is looked up in these, and not in all
names as (
    select node, identifier from identity_nodes
    semi join (select left_given as node from edges union all select right_given from edges) as ends using (node)
),
named as (
    select
        edges.*, left_names.identifier < right_names.identifier as is_in_order,
        sha256(
            least(left_names.identifier, right_names.identifier)
            || '|' || greatest(left_names.identifier, right_names.identifier)
        ) as hash
    from edges
    left join names as left_names on edges.left_given = left_names.node
    left join names as right_names on edges.right_given = right_names.node
)
-- the smaller name on the left, which way round the rows came
select
    if(is_in_order, named.left_node, named.right_node) as left_node,
    if(is_in_order, named.right_node, named.left_node) as right_node, is_link
from named
left join identity_rekeyed as left_rekeyed on named.left_node = left_rekeyed.node
left join identity_rekeyed as right_rekeyed on named.right_node = right_rekeyed.node
order by
    is_link desc, strength desc nulls last, source_count desc, first_seen_at nulls last,
    left_rekeyed.member_id = right_rekeyed.member_id desc nulls last, hash
"""
_CONTENTS = """
select node, class, identifier_node, max_per_member, type_id
from identity_limited semi join identity_over using (label)
"""
_NODES = "select node from identity_suspect_nodes semi join identity_over using (label)"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Edges that were not followed, by column: both nodes, the type over its limit (or UNLINKED), found, allowed."""

    left_node: list[int] = field(default_factory=list)
    right_node: list[int] = field(default_factory=list)
    type_id: list[int] = field(default_factory=list)
    found_count: list[int] = field(default_factory=list)
    allowed_count: list[int] = field(default_factory=list)

    def add(self, left: int, right: int, why: tuple[int, int, int]) -> None:
        """Note an edge with what `_Members.objection` said."""
        for column, value in zip(vars(self).values(), (left, right, *why), strict=True):
            column.append(value)


def split(connection: DuckDBPyConnection, nodes: Nodes, labels: Array) -> tuple[Array, Refused]:
    """Labels in which no member is over a limit and no unlink is broken, and the edges that were refused for it."""
    refused = Refused()
    if not _find_over(connection, nodes, labels):
        return labels, refused
    inside = np.sort(read_columns(connection, _NODES)["node"])
    members = _Members(connection, inside)
    edges = read_columns(connection, _EDGES)
    left_places, right_places = (np.searchsorted(inside, edges[end]) for end in ("left_node", "right_node"))
    for left, right, is_link in zip(
        left_places.tolist(), right_places.tolist(), edges["is_link"].tolist(), strict=True
    ):
        one, other = members.of(left), members.of(right)
        if one == other:
            continue
        if not is_link and (why := members.objection(one, other)):
            refused.add(int(inside[left]), int(inside[right]), why)
        else:
            members.join(one, other)
    labels = labels.copy()
    labels[inside] = int(labels.max()) + 1 + members.labels()  # some labels are nobody's now
    return labels, refused


def _find_over(connection: DuckDBPyConnection, nodes: Nodes, labels: Array) -> bool:
    """Make `identity_over`, the labels of components to be split; False where there are none."""
    count = int(labels.max(initial=-1)) + 1
    suspect = np.zeros(count, dtype=bool)
    for type_id, limit in connection.execute(_LIMITS).fetchall():
        suspect |= np.bincount(labels[nodes.type_id == type_id], minlength=count) > limit
    unlinks = read_columns(connection, "from identity_unlinks")
    left, right = labels[unlinks["left_node"]], labels[unlinks["right_node"]]
    parted = np.unique(left[left == right])
    suspect[parted] = True
    if not suspect.any():
        return False
    inside = np.flatnonzero(suspect[labels])
    show_columns(connection, "identity_suspect_nodes", node=inside, label=labels[inside])
    show_columns(connection, "identity_parted_labels", label=parted)
    connection.execute(_LIMITED)
    connection.execute(_OVER)
    return bool(connection.execute("select 1 from identity_over limit 1").fetchone())


class _Members:
    """Disjoint sets of nodes with what is limited in each; nodes and sets are places in a sorted array of nodes."""

    def __init__(self, connection: DuckDBPyConnection, nodes: Array) -> None:
        self._parent = list(range(len(nodes)))
        self._size = [1] * len(nodes)
        self._held: list[dict[int, set[int]]] = [{} for _ in nodes]  # class → identifiers
        self._limit: dict[int, tuple[int, int]] = {}  # class → limit, type
        held = read_columns(connection, _CONTENTS)
        held["node"] = np.searchsorted(nodes, held["node"])
        columns = (values.tolist() for values in held.values())
        for place, kind, identifier, limit, type_id in zip(*columns, strict=True):
            self._held[place][kind] = {identifier}
            self._limit[kind] = (limit, type_id)
        self._nodes: dict[int, set[int]] = {}  # set → those of its nodes that unlinks name
        self._apart: dict[int, set[int]] = {}  # set → nodes that it must not hold
        unlinks = read_columns(connection, "from identity_unlinks")
        pairs = np.stack([unlinks["left_node"], unlinks["right_node"]], axis=1)
        inside = np.isin(pairs, nodes).all(axis=1)
        for left, right in np.searchsorted(nodes, pairs[inside]).tolist():
            for place, other in ((left, right), (right, left)):
                self._nodes.setdefault(place, set()).add(place)
                self._apart.setdefault(place, set()).add(other)

    def of(self, place: int) -> int:
        """The set that a node is in."""
        parent = self._parent
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    def objection(self, one: int, other: int) -> tuple[int, int, int] | None:
        """Why two sets must not become one: the type over its limit (or UNLINKED), found and allowed."""
        if self._apart and not self._apart.get(one, set()).isdisjoint(self._nodes.get(other, ())):
            return UNLINKED, 0, 0
        smaller, larger = self._held[one], self._held[other]
        if len(smaller) > len(larger):
            smaller, larger = larger, smaller
        for kind, identifiers in smaller.items():
            others = larger.get(kind)
            if others is None:
                continue
            limit, type_id = self._limit[kind]
            found = len(identifiers | others)
            # links may have joined more than the limit; to that nothing is added
            if found > max(limit, len(identifiers), len(others)):
                return type_id, found, limit
        return None

    def join(self, one: int, other: int) -> None:
        """Make two sets one."""
        if self._size[one] < self._size[other]:
            one, other = other, one
        self._parent[other] = one
        self._size[one] += self._size[other]
        held = self._held[one]
        for kind, identifiers in self._held[other].items():
            held[kind] = held[kind] | identifiers if kind in held else identifiers
        self._held[other] = {}
        for told in (self._nodes, self._apart):
            if moved := told.pop(other, None):
                told[one] = told.get(one, set()) | moved

    def labels(self) -> Array:
        """The set of every node, in the order the nodes were given."""
        return np.array([self.of(place) for place in range(len(self._parent))], dtype=np.int64)
