"""Why accounts are one person, or are not: what a finished build knows of one member.

Here: reading it from the warehouse file. Not here: how it was found out (siyu.identity), how it is told (cli).
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from siyu.engine import connect
from siyu.errors import UsageError

_IDENTIFIERS = """
select identifier, is_anchor, valid_from, valid_to, last_seen_at
from core.dim_member_identifiers
where member_id = $member
order by not is_anchor, identifier_type, identifier, epoch
"""
_MINE = """
create temp table mine as select identifier from core.dim_member_identifiers where member_id = $member
"""
_LINKS = """
select edges.left_identifier, edges.right_identifier, sources.name_en, edges.first_seen_at, edges.last_seen_at
from intermediate.int_identity_edges as edges
inner join seeds.identity_link_sources as sources using (link_source)
where left_identifier in (from mine) and right_identifier in (from mine)
union all
select left_identifier, right_identifier, 'Linked by ' || decided_by || ': ' || reason, null, null
from seeds.identity_links
where left_identifier in (from mine) and right_identifier in (from mine)
order by all
"""
_NOT_FOLLOWED = """
select
    reason, left_identifier, right_identifier,
    if(member_id = $member, other_member_id, member_id), found_count, allowed_count
from intermediate.int_identity_conflicts
where left_identifier in (from mine) or right_identifier in (from mine) or $member in (member_id, other_member_id)
order by all
"""
_EVENTS = """
select as_of_date, event, from_member_id, to_member_id, reasons
from core.fct_identity_events
where $member in (from_member_id, to_member_id)
order by event_number
"""
_TODAY = "select member_id from marts.member_id_redirects where old_member_id = $member"
_CHANNEL = "select channel_code from core.dim_members where member_id = $member and is_known"


@dataclass(frozen=True)
class Identifier:
    """One identifier of the member, as `type|scope|token`; moments are UTC, None where unknown or open."""

    identifier: str
    gives_the_id: bool
    valid_from: datetime | None
    valid_to: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class Link:
    """Two identifiers of the member that were seen together, or that a decision links."""

    left_identifier: str
    right_identifier: str
    source: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class NotFollowed:
    """What would have joined the member to somebody, and was not taken at its word; see rpt_identity_conflicts."""

    reason: str
    left_identifier: str
    right_identifier: str | None
    other_member_id: str | None
    found_count: int | None
    allowed_count: int | None


@dataclass(frozen=True)
class Event:
    """A row of fct_identity_events."""

    as_of_date: date
    event: str
    from_member_id: str
    to_member_id: str | None
    reasons: list[str]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A member; with one of `identifiers` an account that was never seen with another, with none a blocked one."""

    asked_for: str
    member_id: str
    channel_code: str
    identifiers: tuple[Identifier, ...]
    links: tuple[Link, ...]
    not_followed: tuple[NotFollowed, ...]
    events: tuple[Event, ...]


def explain_member(warehouse: Path, member_id: str) -> Explanation:
    """What a build knows of a member, or of the member that a former id means today.

    Raises:
        UsageError: Nobody has or had this id.
    """
    with connect(warehouse, read_only=True) as connection:
        today = _one(connection, _TODAY, member_id) or member_id
        channel = _one(connection, _CHANNEL, today)
        if channel is None:
            raise UsageError(
                f"no member {member_id} in {warehouse.name}",
                expected="a member_id of dim_members, or a former one of member_id_redirects",
                do="look the account up in restricted.dim_member_identifiers",
            )

        def rows(query: str) -> list[tuple[Any, ...]]:
            named = {"member": today} if "$member" in query else None
            return connection.execute(query, named).fetchall()

        rows(_MINE)
        return Explanation(
            asked_for=member_id,
            member_id=today,
            channel_code=channel,
            identifiers=tuple(Identifier(*row) for row in rows(_IDENTIFIERS)),
            links=tuple(Link(*row) for row in rows(_LINKS)),
            not_followed=tuple(NotFollowed(*row) for row in rows(_NOT_FOLLOWED)),
            events=tuple(Event(*row) for row in rows(_EVENTS)),
        )


def _one(connection: DuckDBPyConnection, query: str, member_id: str) -> str | None:
    found = connection.execute(query, {"member": member_id}).fetchone()
    return str(found[0]) if found else None
