"""What readers see before tonight's build: who was who then, so that the build can tell what changed.

Here: tables `raw.published_…`. Not here: which publication that is (publication), what changed (models).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyConnection
from duckdb import type as duckdb_type

# what of which published table a build reads
TABLES: Mapping[str, Mapping[str, str]] = {
    "dim_member_identifiers": {
        "identifier": "varchar",
        "epoch": "integer",
        "member_id": "varchar",
        "is_anchor": "boolean",
        "own_member_id": "varchar",
        "rekeyed_member_id": "varchar",
    },
    "fct_identity_events": {
        "event_number": "bigint",
        "as_of_date": "date",
        "event": "varchar",
        "from_member_id": "varchar",
        "to_member_id": "varchar",
        "identifier_count": "bigint",
        "reasons": "varchar[]",
    },
    "member_id_redirects": {"old_member_id": "varchar", "member_id": "varchar"},
}
_LOADS = pa.schema([("load_id", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Published:
    """A publication as a build reads it: `tables` are Parquet files by name, all of TABLES, made of `load_ids`."""

    load_ids: tuple[str, ...]
    tables: Mapping[str, Path]


def show_published(connection: DuckDBPyConnection, published: Published | None) -> None:
    """Make `raw.published_loads` and `raw.published_<table>`; all are empty where nothing is published yet."""
    rows = [{"load_id": load_id} for load_id in (published.load_ids if published else ())]
    connection.from_arrow(pa.Table.from_pylist(rows, schema=_LOADS)).create("raw.published_loads")
    for name, types in TABLES.items():
        if published:
            relation = connection.read_parquet(str(published.tables[name]))
        else:
            relation = connection.sql("select 1 as one").limit(0)
        there = set(relation.columns)
        relation.select(
            *(
                (ColumnExpression(column) if column in there else ConstantExpression(None))
                .cast(duckdb_type(type_))
                .alias(column)
                for column, type_ in types.items()
            )
        ).create(f"raw.published_{name}")
