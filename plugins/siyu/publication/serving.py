"""The files that readers open, `published/marts.duckdb` and for named people `published/restricted.duckdb`: each built
whole beside the old one and renamed over it.

Here: how a publication's Parquet becomes tables with comments, and what is served now.
Not here: which publication that should be (publish).

Primary keys are proven before (a test of dbt on each published table, the audit on those that money rests on) and their
columns are not null here; indexes of them would double the time of serving and the file. The rows of a table lie in the
order of its key, so a look-up by key reads little.

Readers write `marts.kpi_daily`, as in PostgreSQL. The tables lie in the file's schema `main`, and DuckDB names the
file's catalog `marts` after the file. A schema `marts` inside marts.duckdb would make every such name an
"ambiguous reference to catalog or schema". The same holds for `restricted`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
# all rows in one statement: one each took seconds after a thousand nights
_INSERT_LOG = """
insert into main.publish_log
select unnest(?::bigint[]), unnest(?::varchar[]), unnest(?::date[]), unnest(?::timestamp[]), unnest(?::bigint[])
"""
_LOG_DESCRIPTION = "One row per publication. 每次发布一行。"


def current_file(home: Home) -> Path:
    """Names the publication that is served by every target; written last."""
    return home.published / "current.json"


@dataclass(frozen=True, kw_only=True)
class Staged:
    """The files of a publication, ready to be served."""

    marts: Path
    restricted: Path | None  # None: nothing restricted is published


def is_served(home: Home, publication_id: int) -> bool:
    """Whether every target shows this publication, as far as publishing has come, byte for byte as it was served."""
    return not damaged_served_files(home) and read_json(current_file(home)).get("id") == publication_id


def damaged_served_files(home: Home) -> list[Path]:
    """Served files that are not as they were served: missing, damaged or written to, or never served."""
    try:
        told = read_json(current_file(home))
        served = {home.marts_file: str(told["sha256"]), home.restricted_file: told.get("restricted_sha256")}
        int(told["id"])
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        served = {home.marts_file: ""}
    # with a log beside it readers would see what someone else wrote
    return [file for file, sha256 in served.items() if _sha256_of(file) != sha256 or _log_of(file).exists()]


def stage_serving(home: Home, settings: Settings, folder: Path, log: Sequence[PublicationRecord]) -> Staged:
    """Build the serving files of a publication beside those that are served, which stay untouched.

    Args:
        home: Where `published/` is.
        settings: Bounds of memory and threads.
        folder: Manifest and Parquet of the publication, or of the candidate about to become it.
        log: All publications, this one included.

    Raises:
        DamagedFileError: A file does not hold what the manifest says.
        EnvironmentFaultError: A file could not be written; the message names it.
    """
    make_folder(home.published)
    manifest = read_manifest(folder)
    with _staged(home.marts_file, settings) as (marts, connection):
        for name, table in manifest.models.items():
            _load(connection, name, table, inside(folder, table.file))
        _write_log(connection, log)
        write_run_log(connection, home)
        _comment(connection, RUN_LOG, DESCRIPTION, {c.name: c.description for c in RUN_LOG_COLUMNS})
    if not manifest.restricted:
        return Staged(marts=marts, restricted=None)
    with _staged(home.restricted_file, settings) as (restricted, connection):
        for name, table in manifest.restricted.items():
            _load(connection, name, table, inside(folder, table.file))
        _write_log(connection, log)
    return Staged(marts=marts, restricted=restricted)


@contextmanager
def _staged(served: Path, settings: Settings) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """A new database beside a served one, and a connection to it that is checkpointed at the end."""
    # a name of its own: a publisher that lost its lock cannot rename what its successor is writing
    staged = served.with_name(f".{os.getpid()}.{served.name}.tmp")
    _remove_database(staged)
    try:
        with connect(staged, settings=settings) as connection:
            yield staged, connection
            connection.execute("checkpoint")
    except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException, OSError) as fault:
        _remove_database(staged)
        raise EnvironmentFaultError(
            f"{staged} could not be written ({type(fault).__name__})",
            expected="room on the disk and in memory for one more copy of the marts",
            do="make room and run the same command again; what was published still stands",
        ) from fault


def serve(
    home: Home, staged: Staged, publication_id: int, *, before_each: Callable[[], None] = lambda: None
) -> None:
    """Put the staged files in the place of the served ones and say so. Open readers keep the rows they had.

    `before_each` is called before each change that readers see; what it raises stops there.
    """
    told: dict[str, object] = {"id": publication_id}
    if staged.restricted:
        told["restricted_sha256"] = sha256_of(staged.restricted)
        before_each()
        _replace(staged.restricted, home.restricted_file)
    elif home.restricted_file.exists():
        before_each()
        _remove_database(home.restricted_file)
    told["sha256"] = sha256_of(staged.marts)
    before_each()
    _replace(staged.marts, home.marts_file)
    before_each()
    write_json(current_file(home), told)


def _replace(staged: Path, served: Path) -> None:
    # the log of someone who opened the old file for writing must not be replayed into the new one
    _log_of(served).unlink(missing_ok=True)
    publish_file(staged, served)


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
    columns = ", ".join(
        f"{quoted(column)} {type_}{' not null' if column in table.primary_key else ''}"
        for column, type_ in found
    )
    target = quoted(SCHEMA, name)
    connection.execute(f"create table {target} ({columns})")
    try:
        rows.insert_into(target)
    except duckdb.ConstraintException:
        raise DamagedFileError(
            f"{file} leaves its primary key ({', '.join(table.primary_key)}) empty",
            expected="a key in every row",
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
    connection.execute(
        _INSERT_LOG,
        [
            [record.id for record in log],
            [record.run_id for record in log],
            [record.as_of_date for record in log],
            [record.published_at.replace(tzinfo=None) for record in log],
            [record.restores for record in log],
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


def _sha256_of(file: Path) -> str | None:
    return sha256_of(file) if file.exists() else None


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def _remove_database(path: Path) -> None:
    path.unlink(missing_ok=True)
    _log_of(path).unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)
