"""Registered rows as dbt and others read them: one view per resource over the explicit list of its files.

Here: relations over registered files, the views of a build. Not here: writing files.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.landing.records import (
    FILES_CHANNEL,
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
_LOADS = """
    create or replace table raw.loads (
        load_id varchar, channel varchar, account_id varchar, stream varchar, window_start timestamp,
        window_end timestamp, observed_at timestamp, is_complete boolean, skipped_count bigint,
        landed_at timestamp
    )
"""
_LOAD = "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_RAW_SCHEMA = "create schema if not exists raw"
_INTO_RAW = "set schema = 'raw'"
_BACK = "set schema = 'main'"


@dataclass(frozen=True, kw_only=True)
class RawState:
    """What a build reads.

    load_ids: live loads in order of registration; empty when nothing has landed.
    channels: whose resources have views, by name.
    newest_order_at: aware, UTC: latest ordered_at or paid_at of landed orders and lines that count; None without any.
    """

    load_ids: tuple[str, ...]
    channels: tuple[str, ...]
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
    even before its first load. `raw.loads` has a row per live load of a window of an API, its moments in UTC.
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
    newest = [
        landed.newest_at
        for record in records
        for name, landed in record.resources.items()
        if name in _ORDER_RESOURCES and landed.newest_at is not None
    ]
    return RawState(
        load_ids=tuple(record.load_id for record in records),
        channels=tuple(channels),
        newest_order_at=max(newest, default=None),
    )


def list_loads(connection: DuckDBPyConnection, records: tuple[LoadRecord, ...]) -> None:
    """Make table `raw.loads`: which windows were read, when, and whether to their end.

    What an absence in a snapshot means hangs on it.
    """
    connection.execute(_LOADS)
    rows = [
        (
            record.load_id,
            record.source.channel,
            read.account,
            read.stream,
            *(
                moment.astimezone(UTC).replace(tzinfo=None)
                for moment in (read.window_start, read.window_end, read.observed_at)
            ),
            read.is_complete,
            read.skipped,
            record.landed_at.astimezone(UTC).replace(tzinfo=None),
        )
        for record in records
        if (read := record.extraction) is not None
    ]
    if rows:
        connection.executemany(_LOAD, rows)


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
