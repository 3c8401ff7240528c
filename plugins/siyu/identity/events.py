"""What became of yesterday's members, and whom an id of the past means today.

Both compare relations with the columns of `Resolution.members`, by identifier and epoch.
"""

from duckdb import DuckDBPyConnection, DuckDBPyRelation

_MOVES = """
create or replace temp table identity_moves as
select before.member_id as from_member_id, after.member_id as to_member_id, count(*) as identifier_count
from identity_before as before
left join identity_after as after using (identifier, epoch)
group by before.member_id, after.member_id
"""
_EVENTS = """
create or replace temp table identity_events as
select
    case
        when to_member_id is null then 'end'
        when target_count = 1 and source_count > 1 then 'merge'
        when target_count = 1 then 'rename'
        when source_count > 1 then 'remap'
        else 'split'
    end as event,
    from_member_id, to_member_id, identifier_count
from (
    select
        *,
        count(to_member_id) over (partition by from_member_id) as target_count,
        count(*) over (partition by to_member_id) as source_count
    from identity_moves
)
where
    case when to_member_id is null then target_count = 0 else from_member_id <> to_member_id end
"""
_HEIRS = """
create or replace temp table identity_heirs as
select from_member_id, arg_max(to_member_id, {'most': identifier_count, 'then': to_member_id}) as to_member_id
from identity_moves where to_member_id is not null group by from_member_id
"""
_REDIRECTS = """
create or replace temp table identity_redirects as
with
today as (
    select distinct member_id from identity_after
),
remembered as (
    select old_member_id, identifier, epoch, member_id from identity_known
    union
    select member_id, identifier, epoch, member_id from identity_before
    where is_anchor and member_id not in (select old_member_id from identity_known)
)
select
    remembered.old_member_id, remembered.identifier, remembered.epoch,
    coalesce(after.member_id, today.member_id, heirs.to_member_id) as member_id
from remembered
left join identity_after as after using (identifier, epoch)
left join today on remembered.member_id = today.member_id
left join identity_heirs as heirs on remembered.member_id = heirs.from_member_id
where
    remembered.old_member_id not in (from today)
    and coalesce(after.member_id, today.member_id, heirs.to_member_id) is not null
"""
_NONE_KNOWN = """
select
    cast(null as varchar) as old_member_id, cast(null as varchar) as identifier, cast(null as integer) as epoch,
    cast(null as varchar) as member_id
limit 0
"""


def identity_events(
    connection: DuckDBPyConnection, before: DuckDBPyRelation, after: DuckDBPyRelation
) -> DuckDBPyRelation:
    """What happened between two nights to the members of the first, one row per pair of members.

    Columns: event, from_member_id, to_member_id, identifier_count (how many went from one to the other).
    `merge`: all that is left of a member is in another, with identifiers of others. `split`: a part of it became a new
    member. `remap`: a part of it went to a member that has identifiers of others too. `rename`: all that is left of it,
    and nothing of others, has another id, because its anchor is gone (erased, blocked). `end`: nothing is left of it.
    A member that only has new identifiers, or none of these, has no row.
    """
    _compare(connection, before, after)
    connection.execute(_EVENTS)
    return connection.table("identity_events")


def redirects(
    connection: DuckDBPyConnection,
    before: DuckDBPyRelation,
    after: DuckDBPyRelation,
    known: DuckDBPyRelation | None = None,
) -> DuckDBPyRelation:
    """Whom every id of the past that is no member's today means today.

    An id is made of one identifier, its anchor; it means the member that has this identifier today, through any chain
    of merges and splits, and where that identifier is gone the member to which most of the others went. An id that is
    a member's again has no row, nor has one of which nothing is left.

    Args:
        connection: Of which the relations are.
        before: Members of the night before.
        after: Members of tonight.
        known: What this function answered the night before; None in the first night.

    Returns:
        old_member_id (unique), identifier and epoch (its anchor), member_id.
    """
    _compare(connection, before, after)
    connection.register("identity_known", connection.sql(_NONE_KNOWN) if known is None else known)
    connection.execute(_HEIRS)
    connection.execute(_REDIRECTS)
    return connection.table("identity_redirects")


def _compare(connection: DuckDBPyConnection, before: DuckDBPyRelation, after: DuckDBPyRelation) -> None:
    connection.register("identity_before", before)
    connection.register("identity_after", after)
    connection.execute(_MOVES)
