"""Identifiers become nodes, rows of pairs become edges: integers, of which everything after this is made.

The numbers are those of one run and mean nothing: no decision may depend on them.
"""

from dataclasses import asdict, fields

import pyarrow as pa
from duckdb import DuckDBPyConnection

from siyu.errors import UsageError
from siyu.identity.given import LAST_PRIORITY, Graph, Rules, TypeRule

_RULES = pa.schema([("identifier_type", pa.string())] + [(one.name, pa.int64()) for one in fields(TypeRule)])
_TYPES = """
create or replace temp table identity_types as
select
    row_number() over () - 1 as type_id, identifier_type,
    dense_rank() over (order by coalesce(priority, $last)) as place,
    max_per_member, recycle_days, max_degree
from (select distinct coalesce(identifier_type, '') as identifier_type from identity_given_identifiers)
left join identity_rules using (identifier_type)
"""
_NODES = """
create or replace temp table identity_nodes as
select 0 as node, identifier, type_id, place, cast(first_landed as bigint) as first_landed, first_seen_at
from (
    select identifier, coalesce(identifier_type, '') as identifier_type, first_landed, first_seen_at
    from identity_given_identifiers
)
inner join identity_types using (identifier_type)
"""
# a table numbers its rows by itself, on all threads; row_number() takes one
_NODE_NUMBERS = "update identity_nodes set node = cast(rowid as integer)"
# in as many rows as they were given, all of a pair the same way round; one with itself says nothing
_EDGES = """
create or replace temp table identity_edges as
select
    least(one, other) as left_node, greatest(one, other) as right_node,
    link_source, strength, first_landed, first_seen_at, last_seen_at
from (
    select
        coalesce(left_nodes.node, -1) as one, coalesce(right_nodes.node, -1) as other, given.link_source,
        given.strength, cast(given.first_landed as bigint) as first_landed, given.first_seen_at, given.last_seen_at
    from identity_given_edges as given
    left join identity_nodes as left_nodes on given.left_identifier = left_nodes.identifier
    left join identity_nodes as right_nodes on given.right_identifier = right_nodes.identifier
    where given.left_identifier <> given.right_identifier
)
"""
_UNKNOWN_ENDS = "select count(*) from identity_edges where left_node < 0"


def number(connection: DuckDBPyConnection, graph: Graph, rules: Rules) -> None:
    """Make `identity_types`, `identity_nodes` and `identity_edges`.

    Raises:
        UsageError: An edge ends in an identifier that is not in `graph.identifiers`.
    """
    connection.register("identity_given_identifiers", graph.identifiers)
    connection.register("identity_given_edges", graph.edges)
    rows = [{"identifier_type": name, **asdict(rule)} for name, rule in rules.types.items()]
    connection.register("identity_rules", pa.Table.from_pylist(rows, schema=_RULES))
    connection.execute(_TYPES, {"last": LAST_PRIORITY})
    for statement in (_NODES, _NODE_NUMBERS, _EDGES):
        connection.execute(statement)
    (unknown,) = connection.execute(_UNKNOWN_ENDS).fetchone() or (0,)
    if unknown:
        raise UsageError(
            f"{unknown} edges end in an identifier that is not among the identifiers",
            expected="every end of an edge as a row of `identifiers`",
            do="build both from the same rows",
        )
