"""PostgreSQL as a target of publishing: stage, commit, and what it shows.

Here: the session of one publisher and how its faults are told. Not here: when to publish (publish).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from siyu.errors import EnvironmentFaultError, RefusedError
from siyu.publication.manifest import Manifest
from siyu.publication.postgres.checksum import checksums
from siyu.publication.postgres.connection import connect_serving, described
from siyu.publication.postgres.load import (
    CANDIDATE,
    MARTS,
    RESTRICTED,
    RUN_LOG_TABLE,
    ensure_tables,
    load_candidate,
    load_run_log,
)
from siyu.publication.postgres.merge import files_of, merge
from siyu.publication.records import PublicationRecord
from siyu.publication.run_log import RUN_LOG, RunLogRow
from siyu.publication.serving import state_of
from siyu.settings import Home

SHOWN = "select max(publication_id) from marts.publish_log"
_END_STALE = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
    and starts_with(application_name, %s)
"""
# how publishing.ensure_table refuses; its words hold names of tables and columns only
_REFUSALS = (
    psycopg.errors.DatatypeMismatch,
    psycopg.errors.InvalidName,
    psycopg.errors.InvalidTableDefinition,
    psycopg.errors.UndefinedObject,
)
_NOT_INSTALLED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedTable,
)


class PostgresTarget:
    """One session of `publisher`. Every method ends a fault of the server as an error of siyu, without its values."""

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        self.name = name  # "PostgreSQL at host:port/database"
        self._connection = connection
        self._loaded: dict[str, int] = {}

    def shown_id(self) -> int | None:
        """The publication that readers see; None before the first."""
        with self._told():
            found = self._connection.execute(SHOWN).fetchone()
            return found[0] if found else None

    def stage(self, folder: Path, manifest: Manifest, run_log: Sequence[RunLogRow] = ()) -> None:
        """Bring the rows of a publication into `marts_candidate` and compare them with the manifest.

        `run_log` replaces the rows of `marts.run_log`, when the publication is committed.

        Raises:
            RefusedError: A type or primary key changed, or PostgreSQL cannot store a value.
            DamagedFileError: What arrived is not what the manifest says.
            EnvironmentFaultError: The server is in the way. What readers see is as before, whichever it was.
        """
        with self._told():
            ensure_tables(self._connection, MARTS, {**manifest.models, RUN_LOG: RUN_LOG_TABLE})
            ensure_tables(self._connection, RESTRICTED, manifest.restricted)
            with self._connection.transaction():
                load_candidate(self._connection, folder, manifest)
                load_run_log(self._connection, run_log)
            self._loaded = files_of(self._connection, manifest)

    def commit(
        self,
        manifest: Manifest,
        record: PublicationRecord,
        log: Sequence[PublicationRecord],
        *,
        before_commit: Callable[[], None] = lambda: None,
    ) -> None:
        """Show what was staged, in one transaction; see merge.

        Raises:
            RefusedError: Something newer is shown already.
            EnvironmentFaultError: The server is in the way; whether the publication is shown, `shown_id` says.
        """
        with self._told():
            merge(self._connection, manifest, record, log, loaded=self._loaded, before_commit=before_commit)

    def vacuum(self, manifest: Manifest) -> None:
        """Free the room of deleted rows in every table of a publication, while readers read.

        Before PostgreSQL 17 the publisher may not: the server skips it, and its autovacuum does it in its own time.
        """
        tables = [(MARTS, name) for name in manifest.models] + [
            (RESTRICTED, name) for name in manifest.restricted
        ]
        with self._told():
            for table in (*tables, *((CANDIDATE, name) for _, name in tables)):
                self._connection.execute(sql.SQL("vacuum {}").format(sql.Identifier(*table)))

    def published_state(self, manifest: Manifest) -> str:
        """SHA-256 over the checksums of the tables that readers see, as siyu.publication.published_state."""
        with self._told():
            return state_of(checksums(self._connection, MARTS, manifest))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except _REFUSALS as fault:
            raise RefusedError(
                f"{self.name}: {fault.diag.message_primary}",
                expected="the shape that readers know",
                do=fault.diag.message_hint or "publish it under a new name",
            ) from None
        except _NOT_INSTALLED as fault:
            raise EnvironmentFaultError(
                f"{self.name}: {fault.diag.message_primary}",
                expected="what siyu postgres install makes",
                do="siyu postgres install, then run the same command again",
            ) from None
        except psycopg.Error as fault:  # its own text may quote a row
            about = f" on {fault.diag.table_name}" if fault.diag.table_name else ""
            raise EnvironmentFaultError(
                f"{self.name} failed ({type(fault).__name__} {fault.sqlstate or ''}{about})".replace(
                    " )", ")"
                ),
                expected="a server that answers and has room",
                do="siyu doctor; run the same command again, it finishes what was begun",
            ) from None


@contextmanager
def open_target(home: Home, uri: str, *, run_id: str) -> Iterator[PostgresTarget]:
    """The target for whoever holds the publish lock of this home; its older sessions are ended first.

    A session that a killed or frozen publisher left may still hold locks, or wait to commit: whoever holds the
    publish lock now knows that it is nobody's.

    Raises:
        EnvironmentFaultError: The server cannot be reached.
    """
    ours = f"siyu publish {hashlib.sha256(str(home).encode()).hexdigest()[:12]} "
    with connect_serving(uri, application_name=f"{ours}{run_id}"[:63]) as connection:
        target = _target(connection, uri)
        with target._told():
            connection.execute(_END_STALE, [ours])
        yield target


@contextmanager
def look_at_target(uri: str) -> Iterator[PostgresTarget]:
    """The target for somebody who only asks what it shows.

    Raises:
        EnvironmentFaultError: The server cannot be reached.
    """
    with connect_serving(uri, application_name="siyu status") as connection:
        yield _target(connection, uri)


def _target(connection: psycopg.Connection, uri: str) -> PostgresTarget:
    connection.autocommit = True
    # another default of the server would hide from merge what was committed while it waited for the lock
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return PostgresTarget(connection, f"PostgreSQL at {described(uri)}")
