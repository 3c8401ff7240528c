"""A small shop whose rows tests land: records as a channel would hand them over."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from siyu.landing import Batch, LoadRecord, Source, create_raw_views, land
from siyu.resources import DUCKDB_TYPES, ORDERS, Resource
from siyu.settings import Home, Settings

BRAND, CHANNEL = "default", "taobao_search"
LANDED_AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
NOON = datetime(2026, 11, 1, 4, 0)  # noqa: DTZ001 - noon in Shanghai, UTC without a zone as records hold it
_ROW = {
    "brand_code": BRAND,
    "channel_code": CHANNEL,
    "currency_code": "CNY",
    "ordered_at": NOON,
    "paid_at": NOON,
}


def order(order_id: str, **values: Any) -> dict[str, Any]:
    return {**_ROW, "order_id": order_id, "customer_id": "c-1", "paid_amount": 10, **values}


def line(order_id: str, **values: Any) -> dict[str, Any]:
    content = {"customer_id": "c-1", "product_id": "p-1", "quantity": 1, "line_amount": 10}
    return {**_ROW, "order_id": order_id, **content, **values}


def customer(customer_id: str, **values: Any) -> dict[str, Any]:
    return {"brand_code": BRAND, "channel_code": CHANNEL, "customer_id": customer_id, **values}


@dataclass(frozen=True, kw_only=True)
class File:
    """A source file as its channel understood it."""

    name: str = "orders.csv"
    rows: Sequence[Mapping[str, Any]] = ()
    bad: Sequence[Mapping[str, Any]] = ()  # rows the channel could not read, with `reason`
    resource: Resource = ORDERS
    elsewhere: int = 0
    mapping: str = "shop"
    mapping_text: str = "first"
    seeds: Path | None = None

    @property
    def source(self) -> Source:
        content = json.dumps([self.name, list(self.rows), list(self.bad)], default=str)
        return Source(
            channel="files",
            name=self.name,
            sha256=sha256(content.encode()).hexdigest(),
            bytes=len(content),
            mapping=self.mapping,
            mapping_sha256=sha256(self.mapping_text.encode()).hexdigest(),
        )


@dataclass
class Shop:
    home: Home
    settings: Settings = field(default_factory=Settings)

    def land(
        self, file: File, *, source: Source | None = None, landed_at: datetime = LANDED_AT
    ) -> LoadRecord:
        seeds = {"seeds": file.seeds} if file.seeds else {}
        with duckdb.connect() as connection:
            batch = batch_of(connection, file)
            return land(
                connection,
                self.home,
                self.settings,
                source or file.source,
                [batch],
                landed_at=landed_at,
                **seeds,
            )

    def raw(self, resource: Resource, columns: str) -> list[tuple[Any, ...]]:
        """Columns of the raw view, sorted; verified first, as before a build."""
        with duckdb.connect() as connection:
            create_raw_views(connection, self.home)
            found = connection.sql(f"select {columns} from raw.files__{resource.name}").fetchall()  # noqa: S608
            return sorted(found, key=repr)


def batch_of(connection: duckdb.DuckDBPyConnection, file: File) -> Batch:
    rows = list(file.rows)
    types = {one.name: DUCKDB_TYPES[one.type] for one in file.resource.fields}
    types |= {"_source_row": "bigint", "_exclusion": "varchar"}
    names = ", ".join(f'"{name}" {type_name}' for name, type_name in types.items())
    connection.execute(f"create table records ({names})")
    content = [{"_source_row": number, **row} for number, row in enumerate(rows, start=1)]
    _insert(connection, "records", types, content)
    reject_types = dict.fromkeys(
        ("reason", "column_name", "row_text", "brand_code", "channel_code", "key_text"), "varchar"
    )
    names = ", ".join(f"{name} {type_name}" for name, type_name in reject_types.items())
    connection.execute(f"create table rejects (_source_row bigint, {names})")
    bad = [
        {
            "_source_row": len(rows) + number,
            "reason": "not_a_number",
            "row_text": json.dumps(row, default=str),
            **row,
        }
        for number, row in enumerate(file.bad, start=1)
    ]
    _insert(connection, "rejects", {"_source_row": "bigint"} | reject_types, bad)
    read = len(rows) + len(file.bad) + file.elsewhere
    return Batch(
        resource=file.resource,
        records="records",
        rejects="rejects",
        rows_read=read,
        rows_elsewhere=file.elsewhere,
    )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]],
) -> None:
    values = [[row.get(name) for name in types] for row in rows]
    if values:
        connection.executemany(f"insert into {table} values ({', '.join('?' for _ in types)})", values)  # noqa: S608


def files_of(home: Home) -> set[str]:
    return {str(path.relative_to(home.root)) for path in home.root.rglob("*") if path.is_file()}
