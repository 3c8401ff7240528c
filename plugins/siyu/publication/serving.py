"""The file that readers open: `published/marts.duckdb`, built whole beside the old one and renamed over it.

Here: how a publication's Parquet becomes tables with keys and comments, and what is served now.
Not here: which publication that should be (publish).

Readers write `marts.kpi_daily`, as in PostgreSQL. The tables lie in the file's schema `main`, and DuckDB names the
file's catalog `marts` after the file. A schema `marts` inside marts.duckdb would make every such name an
"ambiguous reference to catalog or schema".
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from siyu.engine import connect, literal, quoted
from siyu.errors import DamagedFileError, EnvironmentFaultError
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Table, read_manifest
from siyu.publication.records import PublicationRecord, publication_folder
from siyu.publication.run_log import COLUMNS as RUN_LOG_COLUMNS
from siyu.publication.run_log import DESCRIPTION, RUN_LOG, write_run_log
from siyu.settings import Home, Settings
from siyu.storage import inside, make_folder, publish_file, read_json, sha256_of, write_json

SCHEMA = "main"
LOG = "publish_log"

_LOG_COLUMNS = {
    "publication_id": "Number of the publication; the greatest is what these marts show. 发布编号，最大者即当前内容。",
    "run_id": "Run that built it. 生成该版本的运行。",
    "as_of_date": "Last complete business day, inclusive. 数据截止的业务日（含当日）。",
    "published_at": "When it was published (UTC). 发布时间（UTC）。",
    "restores": "Publication that a rollback brought back; empty otherwise. 回滚所恢复的发布编号，非回滚为空。",
}
_CREATE_LOG = """
create table main.publish_log (
    publication_id bigint primary key,
    run_id varchar not null,
    as_of_date date not null,
    published_at timestamp not null,
    restores bigint
)
"""
_LOG_DESCRIPTION = "One row per publication. 每次发布一行。"


def current_file(home: Home) -> Path:
    """Names the publication that is served by every target; written last."""
    return home.published / "current.json"


def is_served(home: Home, publication_id: int) -> bool:
    """Whether every target shows this publication, as far as publishing has come, byte for byte as it was served."""
    return intact_id(home) == publication_id


def intact_id(home: Home) -> int | None:
    """The publication that marts.duckdb was made from; None when it is missing, damaged or was written to."""
    try:
        told = read_json(current_file(home))
        # with a log beside it readers would see what someone else wrote
        is_intact = sha256_of(home.marts_file) == told["sha256"] and not _log_of(home.marts_file).exists()
        return int(told["id"]) if is_intact else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def stage_marts(home: Home, settings: Settings, folder: Path, log: Sequence[PublicationRecord]) -> Path:
    """Build the serving file of a publication beside the one that is served, which stays untouched.

    Args:
        home: Where `published/` is.
        settings: Bounds of memory and threads.
        folder: Manifest and Parquet of the publication, or of the candidate about to become it.
        log: All publications, this one included.

    Raises:
        DamagedFileError: A file does not hold what the manifest says.
        EnvironmentFaultError: The file could not be written; the message names it.
    """
    make_folder(home.published)
    # a name of its own: a publisher that lost its lock cannot rename what its successor is writing
    staged = home.published / f".{os.getpid()}.{home.marts_file.name}.tmp"
    _remove_database(staged)
    try:
        with connect(staged, settings=settings) as connection:
            manifest = read_manifest(folder)
            for name, table in manifest.models.items():
                _load(connection, name, table, inside(folder, table.file))
            _write_log(connection, log)
            write_run_log(connection, home)
            _comment(connection, RUN_LOG, DESCRIPTION, {c.name: c.description for c in RUN_LOG_COLUMNS})
            connection.execute("checkpoint")
    except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException, OSError) as fault:
        _remove_database(staged)
        raise EnvironmentFaultError(
            f"{staged} could not be written ({type(fault).__name__})",
            expected="room on the disk and in memory for one more copy of the marts",
            do="make room and run the same command again; what was published still stands",
        ) from fault
    return staged


def serve(
    home: Home, staged: Path, publication_id: int, *, before_each: Callable[[], None] = lambda: None
) -> None:
    """Put a staged file in the place of the served one and say so. Open readers keep the rows they had.

    `before_each` is called before each of the two renames; what it raises stops there.
    """
    before_each()
    # the log of someone who opened the old file for writing must not be replayed into the new one
    _log_of(home.marts_file).unlink(missing_ok=True)
    digest = sha256_of(staged)
    publish_file(staged, home.marts_file)
    before_each()
    write_json(current_file(home), {"id": publication_id, "sha256": digest})


def served_id(home: Home) -> int | None:
    """The publication that marts.duckdb itself says it shows; None when there is no such file.

    Raises:
        DamagedFileError: The file cannot be read.
    """
    if not home.marts_file.exists():
        return None
    with _served(home) as connection:
        found = connection.execute("select max(publication_id) from served.main.publish_log").fetchone()
        return found[0] if found else None


def published_state(home: Home) -> str:
    """SHA-256 over the checksums of all served tables, each over its manifest's columns.

    Read from marts.duckdb itself, not from what was meant to be in it. Empty when nothing is served. The log of
    publications is not part of it: a rollback gives the state of the publication that it restores.
    """
    publication_id = served_id(home)
    if publication_id is None:
        return ""
    manifest = read_manifest(publication_folder(home, publication_id))
    with _served(home) as connection:
        checksums = {
            name: checksum_of(connection.table(quoted("served", SCHEMA, name)), table.columns)[1]
            for name, table in manifest.models.items()
        }
    return state_of(checksums)


def state_of(checksums: dict[str, str]) -> str:
    """SHA-256 over the checksums of all tables, by name: equal for equal rows, in whichever target."""
    return hashlib.sha256(json.dumps(checksums, sort_keys=True).encode()).hexdigest()


@contextmanager
def _served(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The served file attached to a connection of its own.

    Opened by path, DuckDB would hand out the database that another connection of this process has open under
    that path, even after a new file was renamed over it.
    """
    with connect() as connection:
        try:
            connection.execute(f"attach {literal(str(home.marts_file))} as served (read_only)")
        except duckdb.Error as fault:
            raise DamagedFileError(
                f"{home.marts_file} cannot be read ({type(fault).__name__})",
                expected="a DuckDB file that nobody has open for writing",
                do="close the program that writes to it, or publish again",
            ) from fault
        yield connection


def _load(connection: duckdb.DuckDBPyConnection, name: str, table: Table, file: Path) -> None:
    rows = connection.read_parquet(str(file))
    found = list(zip(rows.columns, map(str, rows.types), strict=True))
    if found != [(column.name, column.type) for column in table.schema]:
        raise DamagedFileError(
            f"{file} has columns {found}",
            expected="those of its manifest",
            do="run the transform and the audit again",
        )
    columns = ", ".join(f"{quoted(column)} {type_}" for column, type_ in found)
    key = ", ".join(quoted(column) for column in table.primary_key)
    target = quoted(SCHEMA, name)
    connection.execute(f"create table {target} ({columns}, primary key ({key}))")
    try:
        rows.insert_into(target)
    except duckdb.ConstraintException:  # its text quotes the key, which may be a person's
        raise DamagedFileError(
            f"{file} repeats a primary key ({', '.join(table.primary_key)}) or leaves it empty",
            expected="one row per key",
            do="mend the model and run the transform and the audit again",
        ) from None
    loaded = connection.table(target).count("*").fetchone()
    if loaded != (table.rows,):
        raise DamagedFileError(
            f"{file} gave {loaded} rows",
            expected=f"{table.rows}, as its manifest says",
            do="run the transform and the audit again",
        )
    _comment(
        connection, name, table.description, {column.name: column.description for column in table.schema}
    )


def _write_log(connection: duckdb.DuckDBPyConnection, log: Sequence[PublicationRecord]) -> None:
    connection.execute(_CREATE_LOG)
    connection.executemany(
        "insert into main.publish_log values (?, ?, ?, ?, ?)",
        [
            [
                record.id,
                record.run_id,
                record.as_of_date,
                record.published_at.replace(tzinfo=None),
                record.restores,
            ]
            for record in log
        ],
    )
    _comment(connection, LOG, _LOG_DESCRIPTION, _LOG_COLUMNS)


def _comment(
    connection: duckdb.DuckDBPyConnection, table: str, description: str, columns: dict[str, str]
) -> None:
    target = quoted(SCHEMA, table)
    connection.execute(f"comment on table {target} is {literal(description)}")
    for column, text in columns.items():
        connection.execute(f"comment on column {target}.{quoted(column)} is {literal(text)}")


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def _remove_database(path: Path) -> None:
    path.unlink(missing_ok=True)
    _log_of(path).unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)
