"""Who is who: the identifiers that are one person's, and what was not followed and why.

The rules come from seeds, the resolving from siyu.identity; the two relations it answers with are told apart by
`record_type`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_RECORDS = """
select 'member' as record_type, * from identity_members
union all by name
select 'conflict' as record_type, * from identity_conflicts
"""


def model(dbt: Any, session: "DuckDBPyConnection") -> "DuckDBPyRelation":
    """Resolve all identifiers; one row per identifier and owner, and one per conflict."""
    from siyu.identity import Graph, Rules, TypeRule, resolve

    dbt.config(materialized="table")
    types = {
        name: TypeRule(
            priority=priority, max_per_member=max_per_member, recycle_days=recycle_days, max_degree=max_degree
        )
        for name, priority, max_per_member, recycle_days, max_degree in dbt.ref("identity_rules")
        .select("identifier_type, priority, max_per_member, recycle_days, max_degree")
        .fetchall()
    }
    graph = Graph(
        identifiers=dbt.ref("int_identity_nodes"),
        edges=dbt.ref("int_identity_edges"),
        blocklist=dbt.ref("int_identity_blocklist"),
        links=dbt.ref("identity_links"),
        unlinks=dbt.ref("identity_unlinks"),
        rekeyed=dbt.ref("int_identity_rekeyed"),
    )
    resolve(session, graph, Rules(types=types))
    return session.sql(_RECORDS)
