"""From `marts_candidate` to `marts`: the differences, of all tables, in one transaction.

Here: what that transaction does. Not here: how the candidate got there (load), the other targets (publish).

Readers are never in the way and never see half: nothing here waits for a reader's lock, and a reader's snapshot
holds all tables of a publication with its line in `marts.publish_log`, or none.
"""

from collections.abc import Callable, Sequence

import psycopg
from psycopg import sql

from siyu.errors import EnvironmentFaultError, RefusedError
from siyu.publication.manifest import Manifest, Table
from siyu.publication.postgres.load import CANDIDATE, MARTS, RESTRICTED, RUN_LOG_TABLE
from siyu.publication.records import PublicationRecord
from siyu.publication.run_log import RUN_LOG

# what siyu keeps in schema marts beside the published tables
KEPT = ("publish_log", RUN_LOG)
LOCK_SECONDS = 60

# one number for every home: two that publish into one database must not do it at once
_LOCK_TIMEOUT = f"set local lock_timeout = '{LOCK_SECONDS}s'"
_LOCK = "select pg_advisory_xact_lock(hashtext('siyu publish'))"
_NEWEST = """
select publication_id, run_id, restores, published_at from marts.publish_log order by publication_id desc limit 1
"""
_LOG = """
insert into marts.publish_log (publication_id, run_id, as_of_date, published_at, restores)
values (%s, %s, %s, %s, %s)
"""
_KNOWN = "select publication_id from marts.publish_log"
# TRUNCATE gives a table a new one, whoever runs it
_FILE_OF = "select pg_relation_filenode(format('%%I.%%I', %s::text, %s::text)::regclass)"
_LOCK_CANDIDATE = sql.SQL("lock table {candidate} in share mode")
_TABLES = """
select relname from pg_class
where relnamespace = %s::regnamespace and relkind = 'r' and relname <> all(%s) order by relname
"""
_COLUMNS = """
select attname from pg_attribute
where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass and attnum > 0 and not attisdropped
"""

_SAME_KEY = sql.SQL("candidate.{key} = published.{key}")
_DELETE = sql.SQL("""
delete from {published} as published
where not exists (select from {candidate} as candidate where {same_key})
""")
_UPDATE = sql.SQL("""
update {published} as published set {assignments}
from {candidate} as candidate
where {same_key} and ({differences})
""")
_ASSIGN = sql.SQL("{column} = candidate.{column}")
_DIFFERS = sql.SQL("published.{column} is distinct from candidate.{column}")
_CLEAR = sql.SQL("{column} = null")
_IS_FILLED = sql.SQL("published.{column} is not null")
_INSERT = sql.SQL("""
insert into {published} ({columns})
select {columns} from {candidate} as candidate
where not exists (select from {published} as published where {same_key})
""")
_EMPTY = sql.SQL("delete from {published}")


def files_of(connection: psycopg.Connection, manifest: Manifest) -> dict[str, int]:
    """Which file of the server holds each candidate table: another one as soon as anybody loads it again."""
    return {name: _scalar(connection, _FILE_OF, CANDIDATE, name) for name in manifest.tables}


def merge(
    connection: psycopg.Connection,
    manifest: Manifest,
    record: PublicationRecord,
    log: Sequence[PublicationRecord],
    *,
    loaded: dict[str, int],
    before_commit: Callable[[], None],
) -> None:
    """Make `marts` and `restricted` show this publication. Merging one that is shown already changes nothing.

    Args:
        connection: Of `publisher`, in autocommit mode, the session that loaded the candidate.
        manifest: Of the publication.
        record: Of the publication.
        log: All publications of the home; those that `marts.publish_log` lacks are added.
        loaded: What `files_of` said when the candidate had been loaded and checked.
        before_commit: Called last; what it raises undoes everything.

    Raises:
        RefusedError: `marts` shows a newer publication, or another one under this id: this run is late.
        EnvironmentFaultError: The candidate tables are no longer those that were checked.
    """
    with connection.transaction():
        connection.execute(_LOCK_TIMEOUT)
        connection.execute(_LOCK)
        if _is_shown(connection, record):
            return
        _lock_loaded(connection, manifest, loaded)
        for schema, tables in ((MARTS, manifest.models), (RESTRICTED, manifest.restricted)):
            for name, table in tables.items():
                _merge_table(connection, schema, name, table)
            for (name,) in connection.execute(_TABLES, [schema, list(KEPT)]).fetchall():
                if name not in tables:  # what is published no longer must not look current
                    connection.execute(_EMPTY.format(published=sql.Identifier(schema, name)))
        _merge_table(connection, MARTS, RUN_LOG, RUN_LOG_TABLE)
        known = {row[0] for row in connection.execute(_KNOWN)}
        with connection.cursor() as cursor:
            cursor.executemany(_LOG, [_log_row(line) for line in log if line.id not in known])
        before_commit()


def _is_shown(connection: psycopg.Connection, record: PublicationRecord) -> bool:
    newest = connection.execute(_NEWEST).fetchone()
    if newest is None or newest[0] < record.id:
        return False
    if newest == (record.id, record.run_id, record.restores, record.published_at.replace(tzinfo=None)):
        return True
    raise RefusedError(
        f"PostgreSQL already shows publication {newest[0]} of run {newest[1]},"
        f" and this is publication {record.id} of run {record.run_id}",
        expected=f"nothing newer than publication {record.id - 1}, which this one was to follow",
        do="see siyu status; publish the run again if it is still wanted",
    )


def _lock_loaded(connection: psycopg.Connection, manifest: Manifest, loaded: dict[str, int]) -> None:
    for name in manifest.tables:
        connection.execute(_LOCK_CANDIDATE.format(candidate=sql.Identifier(CANDIDATE, name)))
    if files_of(connection, manifest) != loaded:
        raise EnvironmentFaultError(
            "somebody else loaded marts_candidate after it had been checked",
            expected="one publisher at a time",
            do="run the same command again",
        )


def _merge_table(connection: psycopg.Connection, schema: str, name: str, table: Table) -> None:
    parts = {
        "published": sql.Identifier(schema, name),
        "candidate": sql.Identifier(CANDIDATE, name),
        "same_key": sql.SQL(" and ").join(
            _SAME_KEY.format(key=sql.Identifier(column)) for column in table.primary_key
        ),
    }
    connection.execute(_DELETE.format(**parts))
    in_marts = {row[0] for row in connection.execute(_COLUMNS, [schema, name])}
    written = [column for column in table.columns if column not in table.primary_key]
    # a column that is published no longer stays, for readers that name it, and is empty
    emptied = sorted(in_marts - set(table.columns))
    if written or emptied:
        connection.execute(_UPDATE.format(**parts, **_changes(written, emptied)))
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    connection.execute(_INSERT.format(**parts, columns=columns))


def _changes(written: Sequence[str], emptied: Sequence[str]) -> dict[str, sql.Composed]:
    """What UPDATE sets, and where: rows of which any of these columns differs."""
    written_ids, emptied_ids = map(sql.Identifier, written), map(sql.Identifier, emptied)
    pairs = [
        *((_ASSIGN.format(column=column), _DIFFERS.format(column=column)) for column in written_ids),
        *((_CLEAR.format(column=column), _IS_FILLED.format(column=column)) for column in emptied_ids),
    ]
    return {
        "assignments": sql.SQL(", ").join(assignment for assignment, _ in pairs),
        "differences": sql.SQL(" or ").join(difference for _, difference in pairs),
    }


def _log_row(record: PublicationRecord) -> list[object]:
    return [
        record.id,
        record.run_id,
        record.as_of_date,
        record.published_at.replace(tzinfo=None),
        record.restores,
    ]


def _scalar(connection: psycopg.Connection, statement: str, *values: object) -> int:
    found = connection.execute(statement, values).fetchone()
    if found is None:
        raise AssertionError("a select without from gives one row")
    return int(found[0])
