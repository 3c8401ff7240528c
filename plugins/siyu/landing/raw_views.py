"""Registered rows as dbt and others read them: one view per resource over the explicit list of its files.

Here: relations over registered files, the views of a build. Not here: writing files.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.landing.records import (
    FILES_CHANNEL,
    Extraction,
    LoadRecord,
    StoredFile,
    live,
    of_channel,
    path_of,
    read_records,
    resources_of,
    verify,
)
from siyu.landing.sql import as_type, column, constant, literal_path
from siyu.resources import Resource, raw_columns
from siyu.settings import Home

_ORDER_RESOURCES = ("orders", "order_lines")
_ONE_ROW = "select 1 as one"
_MOMENT = pa.timestamp("us")
_LOADS = pa.schema(
    [
        ("load_id", pa.string()),
        ("sequence", pa.int64()),
        ("channel", pa.string()),
        ("account_id", pa.string()),
        ("stream", pa.string()),
        ("window_start", _MOMENT),
        ("window_end", _MOMENT),
        ("observed_at", _MOMENT),
        ("is_complete", pa.bool_()),
        ("skipped_count", pa.int64()),
        ("landed_at", _MOMENT),
    ]
)
_RAW_SCHEMA = "create schema if not exists raw"
_INTO_RAW = "set schema = 'raw'"
_BACK = "set schema = 'main'"


@dataclass(frozen=True, kw_only=True)
class RawState:
    """What a build reads.

    load_ids: live loads in order of registration; empty when nothing has landed.
    channels: whose resources have views, by name.
    landed: views that have rows, by name.
    newest_order_at: aware, UTC: latest ordered_at or paid_at of landed orders and lines that count; None without any.
    """

    load_ids: tuple[str, ...]
    channels: tuple[str, ...]
    landed: tuple[str, ...]
    newest_order_at: datetime | None


def create_raw_views(
    connection: DuckDBPyConnection,
    home: Home,
    *,
    declared: Mapping[str, Mapping[str, Resource]] | None = None,
) -> RawState:
    """Verify every registered file, create `raw.<channel>__<resource>` over the live ones, and table `raw.loads`.

    Each view has exactly the columns of `resources.raw_columns`; a resource without rows gets an empty typed view.
    `declared` are the resources of API channels as they are today, by channel and name: what it names has a view
    even before its first load. `raw.loads` has a row per live load, its moments in UTC.
    The views name files: they are good until a landing, compaction or erasure deletes one, so build at once.

    Raises:
        DamagedFileError: A registered file is missing or differs; the message says what lands it again.
    """
    records = live(read_records(home))
    for record, stored in _raw_files(records):
        verify(home, record, stored)
    declared = declared or {}
    channels = sorted({FILES_CHANNEL, *declared} | {record.source.channel for record in records})
    connection.execute(_RAW_SCHEMA)
    connection.execute(_INTO_RAW)  # a relation makes its view in the current schema
    try:
        for channel in channels:
            loads = of_channel(records, channel)
            for name, resource in {**resources_of(loads, channel), **declared.get(channel, {})}.items():
                rows = registered_rows(connection, home, loads, resource)
                rows.create_view(f"{channel}__{name}", replace=True)
    finally:
        connection.execute(_BACK)
    list_loads(connection, records)
    landed = {
        f"{record.source.channel}__{name}"
        for record in records
        for name, one in record.resources.items()
        if one.raw is not None
    }
    newest = [
        one.newest_at
        for record in records
        for name, one in record.resources.items()
        if name in _ORDER_RESOURCES and one.newest_at is not None
    ]
    return RawState(
        load_ids=tuple(record.load_id for record in records),
        channels=tuple(channels),
        landed=tuple(sorted(landed)),
        newest_order_at=max(newest, default=None),
    )


def list_loads(connection: DuckDBPyConnection, records: tuple[LoadRecord, ...]) -> None:
    """Make table `raw.loads`: in which order the loads came; which windows were read, when, and whether to their end.

    Which identifier of a member was there first, and what an absence in a snapshot means, hang on it.
    """
    rows = [
        {
            "load_id": record.load_id,
            "sequence": record.sequence,
            "channel": record.source.channel,
            "landed_at": _in_utc(record.landed_at),
            **(_window(record.extraction) if record.extraction else {}),
        }
        for record in records
    ]
    connection.execute("drop table if exists raw.loads")
    connection.from_arrow(pa.Table.from_pylist(rows, schema=_LOADS)).to_table("raw.loads")


def _window(read: Extraction) -> dict[str, object]:
    return {
        "account_id": read.account,
        "stream": read.stream,
        "window_start": _in_utc(read.window_start),
        "window_end": _in_utc(read.window_end),
        "observed_at": _in_utc(read.observed_at),
        "is_complete": read.is_complete,
        "skipped_count": read.skipped,
    }


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def registered_rows(
    connection: DuckDBPyConnection, home: Home, records: tuple[LoadRecord, ...], resource: Resource
) -> DuckDBPyRelation:
    """The raw rows of a resource in the given loads of its channel, with exactly its raw columns; no load, no rows.

    Files are trusted here: who publishes from them verifies them first.
    """
    own: list[str] = []
    shared: dict[str, list[str]] = defaultdict(list)
    for record in records:
        landed = record.resources.get(resource.name)
        if landed is None or landed.raw is None:
            continue
        path = literal_path(path_of(home, landed.raw))
        if landed.raw.is_shared:
            shared[path].append(record.load_id)
        else:
            own.append(path)
    parts = [connection.read_parquet(own, union_by_name=True)] if own else []
    for path, load_ids in shared.items():
        among = column("_load_id").isin(*(constant(load_id) for load_id in load_ids))
        parts.append(connection.read_parquet([path]).filter(among))
    if not parts:
        return _typed(connection.sql(_ONE_ROW), resource).filter(constant(False))
    first, *others = (_typed(part, resource) for part in parts)
    for other in others:
        first = first.union(other)
    return first


def _typed(relation: DuckDBPyRelation, resource: Resource) -> DuckDBPyRelation:
    """A relation's raw columns in order; null where files older than a column lack it."""
    there = set(relation.columns)
    return relation.select(
        *(
            as_type(column(name) if name in there else constant(None), type_name).alias(name)
            for name, type_name in raw_columns(resource).items()
        )
    )


def _raw_files(records: tuple[LoadRecord, ...]) -> list[tuple[LoadRecord, StoredFile]]:
    """Each raw file once, with a load that needs it."""
    by_name = {
        landed.raw.file: (record, landed.raw)
        for record in records
        for landed in record.resources.values()
        if landed.raw is not None
    }
    return list(by_name.values())
