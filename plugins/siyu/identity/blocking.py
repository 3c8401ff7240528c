"""Identifiers that name nobody: those that a person listed, and those that were seen with too many others.

No edge of theirs counts, and they are in no member: an order that shows nothing else has no known buyer. Where a person
linked one by hand, that link stands, and it is that member's.
"""

from duckdb import DuckDBPyConnection, DuckDBPyRelation

_LISTED = """
create or replace temp table identity_listed as
select distinct node from identity_given_blocklist inner join identity_nodes using (identifier)
"""
_NOBODY_IS_LISTED = "create or replace temp table identity_listed as select node from identity_nodes limit 0"
_BLOCKED = """
create or replace temp table identity_blocked as
select node, 'blocked_by_list' as reason, coalesce(degree, 0) as degree, cast(null as bigint) as max_degree
from identity_listed
left join (
    select node, count(*) as degree from identity_sides semi join identity_listed using (node) group by node
) as degrees using (node)
union all
select node, 'blocked_by_degree', degree, max_degree
from identity_suspects anti join identity_listed using (node)
where degree > max_degree
"""


def block(connection: DuckDBPyConnection, blocklist: DuckDBPyRelation | None) -> None:
    """Make `identity_blocked`: node, reason, and how many others it was seen with."""
    if blocklist is None:
        connection.execute(_NOBODY_IS_LISTED)
    else:
        connection.register("identity_given_blocklist", blocklist)
        connection.execute(_LISTED)
    connection.execute(_BLOCKED)
