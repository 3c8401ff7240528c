"""What became of the members that readers know, and whom every id of the past means now, by siyu.identity.

`record_type` tells events from redirects; a redirect leads from an id that is nobody's any more to a member.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_CHANGES = """
select 'event' as record_type, event, from_member_id, to_member_id, identifier_count from identity_events
union all
select 'redirect', null, old_member_id, member_id, null from identity_redirects
"""


def model(dbt: Any, session: "DuckDBPyConnection") -> "DuckDBPyRelation":
    """Compare the members of this build with those of the publication before it."""
    from siyu.identity import identity_events, redirects

    dbt.config(materialized="table")
    before = dbt.ref("stg_siyu__published_member_identifiers")
    after = dbt.ref("int_identity_resolved").filter("record_type = 'member'")
    known = dbt.ref("int_identity_former_ids")
    identity_events(session, before, after)
    redirects(session, before, after, known)
    return session.sql(_CHANGES)
