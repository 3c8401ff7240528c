"""Candidates with tables of any shape, made of real Parquet, and a look at what BI sees of them in PostgreSQL."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Column, Manifest, Table, write_manifest
from siyu.publication.postgres import VARIABLE
from siyu.settings import Home
from siyu.storage import make_folder, sha256_of
from tests.postgres import Database
from tests.publication.small_candidates import write_verdict


def write_tables(
    folder: Path,
    queries: Mapping[str, str],
    *,
    keys: Mapping[str, tuple[str, ...]] | None = None,
    restricted: Collection[str] = (),
    run_id: str = "night1",
    setup: Callable[[duckdb.DuckDBPyConnection], object] = lambda _: None,
) -> Manifest:
    """A candidate with one table per query of DuckDB; its primary key is the first column unless `keys` says else.

    Tables that `restricted` names are for named people alone. `setup` makes what the queries read.
    """
    make_folder(folder)
    models = {}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        setup(connection)
        for name, query in queries.items():
            rows_of = connection.sql(query)
            file = folder / f"{name}.parquet"
            rows_of.write_parquet(str(file))
            rows, checksum = checksum_of(rows_of)
            models[name] = Table(
                file=file.name,
                schema=tuple(
                    Column(name=column, type=str(type_), description=f"The {column}'s text. 列。")
                    for column, type_ in zip(rows_of.columns, rows_of.types, strict=True)
                ),
                primary_key=(keys or {}).get(name, (rows_of.columns[0],)),
                grain="latest",
                description=f"One row of {name}. 每行一条。",
                rows=rows,
                checksum=checksum,
                sha256=sha256_of(file),
            )
    manifest = Manifest(
        run_id=run_id,
        as_of_date=date(2026, 11, 20),
        load_ids=("load1",),
        code_revision="c0ffee",
        models={name: table for name, table in models.items() if name not in restricted},
        restricted={name: table for name, table in models.items() if name in restricted},
    )
    write_manifest(folder, manifest)
    return manifest


def write_night(home: Home, run_id: str, queries: Mapping[str, str], **more: Any) -> Manifest:
    """The same as an audited candidate of a home."""
    folder = home.candidates / run_id
    manifest = write_tables(folder, queries, run_id=run_id, **more)
    write_verdict(folder)
    return manifest


def seen(database: Database, query: str) -> list[tuple[Any, ...]]:
    """What a BI tool gets."""
    with psycopg.connect(database.bi_uri) as connection:
        return connection.execute(query).fetchall()


def configure(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    """Publish into this database from now on."""
    monkeypatch.setenv(VARIABLE, database.publisher_uri)
