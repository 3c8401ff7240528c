"""Nodes that are joined, however far, and which of them names the whole."""

from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection, DuckDBPyRelation
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from siyu.identity.arrays import Array, read_columns, show_columns

_LATER_EPOCH = 1 << 62
# what joins: edges between nodes that are not blocked, at the owners they were seen with, and links
_JOINS = """
create or replace temp table identity_joins as
select
    coalesce(left_moved.epoch_node, edges.left_node) as left_node,
    coalesce(right_moved.epoch_node, edges.right_node) as right_node,
    edges.rowid as edge
from identity_edges as edges
left join identity_moved as left_moved
    on edges.left_node = left_moved.node and edges.right_node = left_moved.other
left join identity_moved as right_moved
    on edges.right_node = right_moved.node and edges.left_node = right_moved.other
anti join identity_blocked as left_blocked on edges.left_node = left_blocked.node
anti join identity_blocked as right_blocked on edges.right_node = right_blocked.node
union all
select left_node, right_node, null from identity_links
"""
_PAIRS = "select left_node, right_node from identity_joins"
# 1048576: more types than anybody has
_NODES = "select node, type_id, first_landed * 1048576 + place as rank from identity_nodes"
_LATER = """
select epoch_node, type_id, founder_landed * 1048576 + place as rank
from identity_epochs inner join identity_nodes using (node) where epoch <> 0
"""
# the name of a node, of which its member's id is made
_NAMES = """
create or replace temp view identity_names as
select node, identifier as name from identity_nodes
union all
select epoch_node, nodes.identifier || '|' || founders.identifier
from identity_epochs as epochs
inner join identity_nodes as nodes on epochs.node = nodes.node
inner join identity_nodes as founders on epochs.founder = founders.node
where epochs.epoch <> 0
"""
# the id that a node gives to the member that it anchors
_ID = """
create or replace temp macro identity_id(name, own_member_id) as
    coalesce(own_member_id, 'm' || left(sha256(name), 20))
"""
_NONE_REKEYED = """
create or replace temp table identity_rekeyed (node integer, own_member_id varchar, member_id varchar)
"""
_REKEYED = """
create or replace temp table identity_rekeyed as
select coalesce(epochs.epoch_node, nodes.node) as node, given.own_member_id, given.member_id
from identity_given_rekeyed as given
inner join identity_nodes as nodes on given.identifier = nodes.identifier
left join identity_epochs as epochs on nodes.node = epochs.node and given.epoch = epochs.epoch
where given.epoch = 0 or epochs.epoch_node is not null
"""
_TIES = """
select
    arg_min(tied.node, {'new': own_member_id is null, 'id': identity_id(name, own_member_id)}) as anchor, tied.label
from identity_tied as tied
inner join identity_names using (node)
left join identity_rekeyed using (node)
group by tied.label
"""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Attributes of all nodes, those of later epochs last; position = node.

    rank: Who landed first has the smallest, of several of one load the one of the best type. Nodes of later epochs come
        after all others: they anchor a member only where nothing else is in it.
    """

    type_id: Array
    rank: Array

    def __len__(self) -> int:
        return len(self.rank)


def read_nodes(connection: DuckDBPyConnection, rekeyed: DuckDBPyRelation | None) -> Nodes:
    """Read what is known of the nodes, and make `identity_names`, `identity_rekeyed` and `identity_id`."""
    connection.execute(_NAMES)
    connection.execute(_ID)
    if rekeyed is None:
        connection.execute(_NONE_REKEYED)
    else:
        connection.register("identity_given_rekeyed", rekeyed)
        connection.execute(_REKEYED)
    found = read_columns(connection, _NODES)
    later = read_columns(connection, _LATER)
    count = len(found["node"]) + len(later["epoch_node"])
    type_id, rank = np.zeros(count, dtype=np.int16), np.zeros(count, dtype=np.int64)
    type_id[found["node"]] = found["type_id"]
    rank[found["node"]] = found["rank"]
    type_id[later["epoch_node"]] = later["type_id"]
    rank[later["epoch_node"]] = _LATER_EPOCH + later["rank"]
    return Nodes(type_id=type_id, rank=rank)


def connect(connection: DuckDBPyConnection, count: int) -> Array:
    """The label of every node's component: 0, 1, 2 …"""
    connection.execute(_JOINS)
    pairs = read_columns(connection, _PAIRS)
    return label_components(pairs["left_node"], pairs["right_node"], count)


def label_components(left: Array, right: Array, count: int) -> Array:
    """Labels 0, 1, 2 … of the components of `count` nodes that pairs join."""
    graph = csr_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    labels: Array = connected_components(graph, directed=False)[1]
    return labels


def find_anchors(connection: DuckDBPyConnection, nodes: Nodes, labels: Array) -> Array:
    """The anchor of every node's member: of its nodes the one with the smallest rank, then the smallest id."""
    count = int(labels.max(initial=-1)) + 1
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, labels, nodes.rank)
    first = np.flatnonzero(nodes.rank == least[labels])
    anchor = np.zeros(count, dtype=np.int32)
    anchor[labels[first]] = first
    tied = first[np.bincount(labels[first], minlength=count)[labels[first]] > 1]
    if len(tied):
        show_columns(connection, "identity_tied", node=tied, label=labels[tied])
        broken = read_columns(connection, _TIES)
        anchor[broken["label"]] = broken["anchor"]
    anchors: Array = anchor[labels]
    return anchors
