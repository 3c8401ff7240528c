"""Items as typed rows for landing, and what of them nobody declared.

Here: paths, units, rejects, drift, the two tables of a batch. Not here: rules about values, tokens, files (landing).

Everything here is clear and lives in memory, a chunk at a time.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from siyu.channels.api.declare import ASKED, ITEM, OWNERS, Account, Column, Presence, Table
from siyu.channels.api.pages import Item, Page, look_up
from siyu.channels.api.units import FaultError
from siyu.landing import Batch, mask
from siyu.landing.sql import SEPARATOR, keep_table
from siyu.resources import FieldType

_ARROW: dict[FieldType, pa.DataType] = {
    "text": pa.string(),
    "id": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 6),
    "amount": pa.decimal128(18, 2),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
_OF_ROW = pa.schema(
    [
        ("_source_row", pa.int64()),
        ("_exclusion", pa.string()),
        ("_item", pa.int64()),
        ("_observed_at", pa.timestamp("us")),
        ("_more", pa.string()),
    ]
)
_REJECTS = pa.schema(
    [
        ("_source_row", pa.int64()),
        *(
            (name, pa.string())
            for name in ("reason", "column_name", "row_text", "brand_code", "channel_code")
        ),
        ("key_text", pa.string()),
    ]
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")
_DIGITS = re.compile(r"\d{5}")
_LONGEST_HARMLESS = 1000  # characters of a value
_MOST_NAMES = 200  # of unknown fields told apart: a platform that makes names up shall not fill a record


@dataclass(kw_only=True)
class _Gathered:
    """Rows and rejects of one table, not yet landed; `read` counts through the whole window."""

    table: Table
    read: int
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[tuple[Any, ...]] = field(default_factory=list)


class Gathering:
    """Rows of the pages since the last chunk, and the drift of the whole window."""

    def __init__(
        self,
        tables: Sequence[Table],
        account: Account,
        *,
        observed_at: datetime,
        text_limit: int,
        rows_read: Mapping[str, int],
        items: int,
        rejected: Iterable[str],
        drift: Mapping[tuple[str, str, str], int],
    ) -> None:
        """Start after `items` items and so many rows of each table, as an earlier process left it.

        Args:
            tables: Of the stream.
            account: Whose rows they are.
            observed_at: Aware; when the reading of the window began.
            text_limit: Bytes of the longest text that may land.
            rows_read: Rows of the window so far, by table.
            items: Items of the window so far, repeated ones included.
            rejected: Digests of its rows that went to quarantine: where pages repeat, they do once.
            drift: Of the window so far: (table, path, what) → rows.
        """
        self._owners = (account.brand_code, account.channel_code, account.name)
        self._observed_at = observed_at.replace(tzinfo=None)
        self._text_limit = text_limit
        self._gathered = [_Gathered(table=table, read=rows_read.get(table.name, 0)) for table in tables]
        self._known = {table.name: _Known(table, tables) for table in tables}
        self.items = items
        self.rejected = set(rejected)
        self.drift = Counter(drift)
        self.bytes = 0  # of the pages gathered since the last chunk

    @property
    def rows(self) -> int:
        """Rows gathered since the last chunk, rejects included."""
        return sum(len(one.rows) + len(one.rejects) for one in self._gathered)

    @property
    def rows_read(self) -> dict[str, int]:
        """Rows of the window so far, by table."""
        return {one.table.name: one.read for one in self._gathered}

    def add(self, page: Page) -> None:
        """Make rows of a page's items."""
        self.bytes += page.bytes
        for item in page.items:
            self.items += 1
            if item.fault is None and not isinstance(item.value, dict):
                item = Item(fault="not_an_object", text=_json(item.value)[: self._text_limit])  # noqa: PLW2901
            if item.fault is not None:
                self._reject(self._gathered[0], item.fault, None, item.text, None)
                continue
            for one in self._gathered:
                for row in self._rows_of(item.value, one.table):
                    self._add_row(one, row, item.value, page.asked)

    def batches(self, connection: DuckDBPyConnection) -> list[Batch]:
        """What was gathered as batches in the connection; nothing is gathered any more."""
        batches = []
        for one in self._gathered:
            fields = [*OWNERS, *one.table.columns]
            own = pa.schema([(column.field.name, _ARROW[column.field.type]) for column in fields])
            schema = pa.schema([*own, *_OF_ROW])
            records, rejects = f"api_{one.table.name}_records", f"api_{one.table.name}_rejects"
            for name, rows, shape in (
                (records, one.rows, schema),
                (rejects, one.rejects, _REJECTS),
            ):
                values = list(zip(*rows, strict=True)) or [()] * len(shape)
                arrays = [
                    pa.array(list(column), type=one_field.type)
                    for column, one_field in zip(values, shape, strict=True)
                ]
                keep_table(
                    connection, name, connection.from_arrow(pa.Table.from_arrays(arrays, schema=shape))
                )
            batches.append(
                Batch(
                    resource=one.table.resource,
                    records=records,
                    rejects=rejects,
                    rows_read=len(one.rows) + len(one.rejects),
                    rows_elsewhere=0,
                )
            )
            one.rows, one.rejects = [], []
        self.bytes = 0
        return batches

    def _rows_of(self, item: dict[str, Any], table: Table) -> list[dict[str, Any]]:
        if not table.rows:
            return [item]
        found = look_up(item, table.rows.split("."))
        if not isinstance(found, list):
            self._note(table, table.rows, "missing" if found is None else "not_a_list")
            return []
        return [row if isinstance(row, dict) else {"": row} for row in found]

    def _add_row(
        self, one: _Gathered, row: dict[str, Any], item: dict[str, Any], asked: Mapping[str, Any]
    ) -> None:
        values: dict[str, Any] = dict(zip((owner.field.name for owner in OWNERS), self._owners, strict=True))
        fault: tuple[str, str] | None = None
        for column in one.table.columns:
            try:
                values[column.field.name] = self._value(one.table, column, row, item, asked)
            except FaultError as error:
                values[column.field.name] = None
                self._note(one.table, ".".join(column.path), str(error))
                fault = fault or (str(error), column.field.name)
        if fault is not None:
            parts = [values[key.name] for key in one.table.resource.key_fields]
            key = None if None in parts else SEPARATOR.join(str(part) for part in parts)
            self._reject(one, *fault, _json(row)[: self._text_limit], key)
            return
        one.read += 1
        more = self._more(one.table, row)
        one.rows.append((*values.values(), one.read, None, self.items, self._observed_at, more))

    def _reject(self, one: _Gathered, reason: str, column: str | None, text: str, key: str | None) -> None:
        digest = sha256(f"{one.table.name} {reason} {text}".encode()).hexdigest()[:16]
        if digest in self.rejected:
            return
        self.rejected.add(digest)
        one.read += 1
        brand, channel, _ = self._owners
        one.rejects.append((one.read, reason, column, text, brand, channel, key))

    def _value(self, table: Table, column: Column, row: Any, item: Any, asked: Mapping[str, Any]) -> Any:
        first, *rest = column.path
        start, path = {ITEM: (item, rest), ASKED: (asked, rest)}.get(first, (row, list(column.path)))
        holder = look_up(start, path[:-1])
        is_there = isinstance(holder, Mapping) and path[-1] in holder
        found = holder[path[-1]] if is_there else None
        name = ".".join(column.path)
        if found is None:
            if column.presence in (Presence.EXPECTED, Presence.REQUIRED):
                self._note(table, name, "null" if is_there else "missing")
            return None
        if column.presence is Presence.UNVERIFIED:
            self._note(table, name, "appeared")
        value = column.unit.read(found)
        if isinstance(value, str):
            if len(value) > self._text_limit // 4 and len(value.encode()) > self._text_limit:
                raise FaultError("too_large")
            if column.values is not None and value not in column.values:
                self._note(table, name, "new_value")
        return value

    def _more(self, table: Table, row: dict[str, Any]) -> str | None:
        """The fields of a row that nobody declared: their types, and values only where they are declared harmless."""
        more: dict[str, Any] = {}
        for path, value in self._known[table.name].unknown(row):
            name = _harmless_name(path)
            self._note(table, name, "added")
            harmless = any(path == prefix or path.startswith(f"{prefix}.") for prefix in table.harmless)
            more[name] = value if harmless and len(_json(value)) <= _LONGEST_HARMLESS else _type_name(value)
        return _json(more) if more else None

    def _note(self, table: Table, path: str, what: str) -> None:
        key = (table.name, path, what)
        if key in self.drift or len(self.drift) < _MOST_NAMES:
            self.drift[key] += 1


class _Known:
    """Which fields of a table's rows somebody declared, to use or to ignore."""

    def __init__(self, table: Table, tables: Sequence[Table]) -> None:
        paths = {one.path for one in table.columns if one.path[0] not in (ITEM, ASKED)}
        paths |= {tuple(path.split(".")) for path in table.ignored}
        if not table.rows:  # an item is known by what other tables take of it, too
            paths |= {tuple(other.rows.split(".")) for other in tables if other.rows}
            paths |= {one.path[1:] for other in tables for one in other.columns if one.path[0] == ITEM}
        self._leaves: set[tuple[str, ...]] = paths
        self._inner = {path[:length] for path in paths for length in range(1, len(path))}

    def unknown(self, row: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
        """Path and value of each field that is not known; nulls say nothing."""
        for name, value in row.items():
            path = (*above, name)
            if path in self._leaves or value is None:
                continue
            if path in self._inner and isinstance(value, dict):
                yield from self.unknown(value, path)
            else:
                yield ".".join(path), value


def _harmless_name(path: str) -> str:
    """A field's name for a record; what does not look like a name may be a value, and is masked."""
    return path if _PLAIN_NAME.fullmatch(path) and not _DIGITS.search(path) else mask(path)


def _type_name(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", Decimal: "number", list: "list", dict: "object"}
    return names.get(type(value), "null")


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()
    except RecursionError:
        return '"…"'
