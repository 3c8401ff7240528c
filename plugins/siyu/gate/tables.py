"""A DuckDB in memory that shows a candidate's files, and those of the publication it would follow, as views.

Here: schemas `candidate` and `previous`, and table `audit.night`. Not here: what is checked on them.
"""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import duckdb
from duckdb import ColumnExpression, ConstantExpression

from siyu.clock import utc_now
from siyu.publication.manifest import MANIFEST, Manifest, read_manifest
from siyu.settings import Home
from siyu.storage import inside

# Where the calendar is ahead of UTC at most (Kiritimati): no business day can be later than this.
_FURTHEST_ZONE = timedelta(hours=14)

_LAYOUT = """
create schema candidate;
create schema previous;
create schema audit;
create table audit.night (
    as_of_date date,
    latest_date date,           -- the last calendar date that has begun anywhere on earth
    previous_as_of_date date,   -- null on the first night
    has_new_loads boolean       -- the candidate was made from loads that the previous publication had not
);
create table candidate.manifest (model varchar, row_count bigint);
create table previous.manifest (model varchar, row_count bigint);
"""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A candidate or a publication: its folder and what its manifest says."""

    path: Path
    manifest: Manifest

    def file(self, model: str) -> Path:
        """The model's Parquet file; a name that leads out of the folder is a UsageError."""
        return inside(self.path, self.manifest.tables[model].file)


@dataclass(kw_only=True)
class Tables:
    """The connection, the candidate it shows, and the models whose files could not be read (with the error)."""

    connection: duckdb.DuckDBPyConnection
    candidate: Folder
    unreadable: dict[str, str] = field(default_factory=dict)


def read_folder(path: Path) -> Folder:
    """A candidate or publication with its manifest; DamagedFileError when that cannot be read."""
    return Folder(path=path, manifest=read_manifest(path))


def last_publication(home: Home) -> Folder | None:
    """The publication with the greatest id, None on the first night."""
    manifests = sorted(home.publications.glob(f"[0-9]*/{MANIFEST}"))
    return read_folder(manifests[-1].parent) if manifests else None


def show(connection: duckdb.DuckDBPyConnection, candidate: Folder, previous: Folder | None) -> Tables:
    """Create the views; a model whose file cannot be read has none and is listed instead.

    `previous` has a view for every model of the candidate: empty when it was not published before. A column
    that the previous publication did not have yet is null there, so that an upgrade does not stop the audit.
    """
    tables = Tables(connection=connection, candidate=candidate)
    connection.execute(_LAYOUT)
    had = set(previous.manifest.load_ids) if previous else set()
    connection.execute(
        "insert into audit.night values ($as_of, $latest, $previous, $new_loads)",
        {
            "as_of": candidate.manifest.as_of_date,
            "latest": (utc_now() + _FURTHEST_ZONE).date(),
            "previous": previous.manifest.as_of_date if previous else None,
            "new_loads": not set(candidate.manifest.load_ids) <= had,
        },
    )
    _list_rows(connection, "insert into candidate.manifest values ($model, $rows)", candidate)
    if previous is not None:
        _list_rows(connection, "insert into previous.manifest values ($model, $rows)", previous)
    for model in candidate.manifest.tables:
        try:
            connection.execute("use candidate")
            own = connection.read_parquet(os.fspath(candidate.file(model)))
            own.create_view(model)
            connection.execute("use previous")
            if previous is not None and model in previous.manifest.tables:
                _both(connection, candidate.file(model), previous.file(model)).create_view(model)
            else:
                own.limit(0).create_view(model)
        except duckdb.Error as error:
            tables.unreadable[model] = type(error).__name__
    connection.execute("use memory.main")
    return tables


def _list_rows(connection: duckdb.DuckDBPyConnection, statement: str, folder: Folder) -> None:
    for model, table in folder.manifest.tables.items():
        connection.execute(statement, {"model": model, "rows": table.rows})


def _both(connection: duckdb.DuckDBPyConnection, candidate: Path, previous: Path) -> duckdb.DuckDBPyRelation:
    """The previous rows, with every column that either file has."""
    files = [os.fspath(candidate), os.fspath(previous)]
    both = connection.read_parquet(files, union_by_name=True, filename=True)
    return both.filter(ColumnExpression("filename") == ConstantExpression(os.fspath(previous)))
