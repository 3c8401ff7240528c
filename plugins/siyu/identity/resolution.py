"""From a graph of identifiers to members: the steps in their order, and the two relations they end in."""

from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.engine import quoted
from siyu.identity.arrays import Array, read_columns, show_columns
from siyu.identity.blocking import block
from siyu.identity.components import connect, find_anchors, read_nodes
from siyu.identity.decisions import place_decisions
from siyu.identity.given import Graph, Rules
from siyu.identity.numbering import number
from siyu.identity.recycling import cut_recycled
from siyu.identity.splitting import Refused, split

# what the answers read
_KEPT = {f"identity_{name}" for name in ("conflicts", "epochs", "labelled", "member_ids", "members", "nodes")}
_WORKSPACE = """
select view_name, true from duckdb_views() where temporary and starts_with(view_name, 'identity_')
union all
select table_name, false from duckdb_tables() where temporary and starts_with(table_name, 'identity_')
"""
_MEMBER_IDS = """
create or replace temp table identity_member_ids as
select anchor, identity_id(name, own_member_id) as member_id
from identity_names as names
inner join identity_labelled as labelled on names.node = labelled.node and labelled.node = anchor
left join identity_rekeyed as rekeyed on names.node = rekeyed.node
"""
_LABELLED = "create or replace temp table identity_labelled as from identity_labels"
# who is in no member: blocked, unless somebody linked it by hand
_NOBODY = """
select node from identity_blocked
anti join (
    select left_node as node from identity_links union all select right_node from identity_links
) as linked using (node)
"""
# a view: it is written once, by the caller
_MEMBERS = """
create or replace temp view identity_members as
select
    nodes.identifier, coalesce(epochs.epoch, 0) as epoch, member_id,
    case
        when epochs.stretch > 0 then epochs.began_at
        else least(epochs.began_at, nodes.first_seen_at)
    end as valid_from,
    epochs.ended_at as valid_to,
    labelled.node = labelled.anchor as is_anchor
from identity_nodes as nodes
left join identity_epochs as epochs on nodes.node = epochs.node
inner join identity_labelled as labelled on coalesce(epochs.epoch_node, nodes.node) = labelled.node
-- each has one: left, for then it is looked up last, in the smallest table of names
left join identity_member_ids as member_ids on labelled.anchor = member_ids.anchor
"""
_DISPUTES = """
create or replace temp table identity_disputes as
select
    if(type_id = -1, 'unlinked', 'over_limit') as reason, left_node, right_node,
    if(type_id = -1, null, type_id) as type_id,
    if(type_id = -1, null, found_count) as found_count, if(type_id = -1, null, allowed_count) as allowed_count
from identity_refused
union all
select reason, node, null, type_id, degree, max_degree
from identity_blocked inner join identity_nodes using (node)
union all
select
    'recycled', epoch_node, began_with, type_id,
    date_diff('day', silent_since, began_at), recycle_days
from identity_epochs
inner join identity_nodes using (node)
inner join identity_types using (type_id)
where stretch > 0
"""
# a table, so that DuckDB knows how few they are before it looks them up among all nodes
_DISPUTED = """
create or replace temp table identity_disputed as
select disputed.node as epoch_node, coalesce(epochs.node, disputed.node) as node, coalesce(epochs.epoch, 0) as epoch
from (
    select cast(left_node as integer) as node from identity_disputes
    union
    select cast(right_node as integer) from identity_disputes where right_node is not null
) as disputed
left join identity_epochs as epochs on disputed.node = epochs.epoch_node
"""
_CONFLICTS = """
create or replace temp table identity_conflicts as
with
labelled as (
    select labelled.node, member_ids.member_id
    from identity_labelled as labelled
    semi join identity_disputed as disputed on labelled.node = disputed.epoch_node
    inner join identity_member_ids as member_ids on labelled.anchor = member_ids.anchor
),
named as (
    select disputed.epoch_node as node, nodes.identifier, disputed.epoch, labelled.member_id
    from identity_disputed as disputed
    inner join identity_nodes as nodes on disputed.node = nodes.node
    left join labelled on disputed.epoch_node = labelled.node
)
select
    disputes.reason, left_names.member_id, right_names.member_id as other_member_id,
    left_names.identifier as left_identifier, left_names.epoch as left_epoch,
    right_names.identifier as right_identifier, right_names.epoch as right_epoch,
    nullif(identity_types.identifier_type, '') as identifier_type,
    disputes.found_count, disputes.allowed_count
from identity_disputes as disputes
left join identity_types using (type_id)
left join named as left_names on disputes.left_node = left_names.node
left join named as right_names on disputes.right_node = right_names.node
"""


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """Who is who, as relations over temporary tables: read or store them before the connection resolves again.

    SQL on the same connection reads them as `identity_members` and `identity_conflicts`.

    members: identifier, epoch, member_id, valid_from, valid_to, is_anchor. One row per identifier; a recycled one has a
        row per owner (`epoch`), each from when it was first seen with that owner until the next one's `valid_from`.
        `valid_to` null is open. Blocked identifiers have no row. An id is made of the anchor, the identifier of the
        member that landed first.
    conflicts: reason, member_id, other_member_id, left_identifier, left_epoch, right_identifier, right_epoch,
        identifier_type, found_count, allowed_count.
        `over_limit`: the edge was not followed, since its ends together would have had found_count identifiers of that
        type in one scope. `unlinked`: not followed, since an unlink stands between what its ends belong to.
        `blocked_by_degree`, `blocked_by_list`: left_identifier names nobody; it was seen with found_count others.
        `recycled`: left_identifier went to another owner, first seen with right_identifier, after found_count days.
    """

    members: DuckDBPyRelation
    conflicts: DuckDBPyRelation


def resolve(connection: DuckDBPyConnection, graph: Graph, rules: Rules) -> Resolution:
    """Find out which identifiers are one person's.

    Equal graphs give equal partitions whatever order their rows come in and however many nights they took to land;
    that order decides (by `first_landed`) only which of a member's identifiers gives it its id.

    Args:
        connection: Of which the relations of `graph` are; gets temporary tables named `identity_…`.
        graph: Everything known by now, not tonight's news.
        rules: What holds by type of identifier.

    Raises:
        UsageError: An unlink contradicts a link, or an edge ends in an unknown identifier.
    """
    try:
        number(connection, graph, rules)
        block(connection, graph.blocklist)
        cut_recycled(connection)
        place_decisions(connection, graph.links, graph.unlinks)
        nodes = read_nodes(connection, graph.rekeyed)
        labels, refused = split(connection, nodes, connect(connection, len(nodes)))
        _answer(connection, find_anchors(connection, nodes, labels), refused)
    finally:
        _clear(connection)
    return Resolution(
        members=connection.view("identity_members"), conflicts=connection.table("identity_conflicts")
    )


def _answer(connection: DuckDBPyConnection, anchors: Array, refused: Refused) -> None:
    """Make the tables that the answers are."""
    nodes = np.delete(np.arange(len(anchors), dtype=np.int32), read_columns(connection, _NOBODY)["node"])
    show_columns(connection, "identity_labels", node=nodes, anchor=anchors[nodes])
    refusals = {name: np.array(values, dtype=np.int64) for name, values in vars(refused).items()}
    show_columns(connection, "identity_refused", **refusals)
    for statement in (_LABELLED, _MEMBER_IDS, _MEMBERS, _DISPUTES, _DISPUTED, _CONFLICTS):
        connection.execute(statement)


def _clear(connection: DuckDBPyConnection) -> None:
    for name, is_view in connection.execute(_WORKSPACE).fetchall():
        if name in _KEPT:
            continue
        if is_view:
            connection.unregister(name)  # lets go of what a view of ours shows; no-op for one made by SQL
            connection.execute(f"drop view if exists {quoted('temp', name)}")
        else:
            connection.execute(f"drop table {quoted('temp', name)}")
