"""Rows that could not be understood: masked for the eye, sealed for the repair, and open until answered.

Here: masking, the quarantine file, the open list, dismissal. Not here: deciding what is bad (channels, rules).

A quarantined row is answered by a later load that has read it again (`LoadRecord.mends`), by a later landed row with
its key, or by a person who dismisses it. Nothing is marked or moved: the list is derived.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from siyu.engine import connect
from siyu.errors import UsageError
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import LoadRecord, live, of_channel, read_records, resources_of, verify
from siyu.landing.sql import column, literal_path, raw_key, show_as
from siyu.resources import Resource
from siyu.settings import Home
from siyu.state import audit_log

DISMISSED = "quarantine.dismiss"
_LONGEST_VALUE = 200
_HAN = (("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))
_LOOKS_PERSONAL = re.compile(r"\d{5}|@")

SCHEMA = pa.schema(
    [
        ("load_id", pa.string()),
        ("resource", pa.string()),
        ("source_name", pa.string()),
        ("source_row", pa.int64()),
        ("reason", pa.string()),
        ("column_name", pa.string()),
        ("masked_row", pa.string()),
        ("sealed_reference", pa.string()),
        ("channel_code", pa.string()),
        ("group_key", pa.string()),
    ]
)

_OPEN = """
select quarantined.*
from landing_quarantined as quarantined
anti join (
    select landed.channel_code, landed.group_key, max(loads.sequence) as sequence
    from landing_keys as landed
    inner join landing_loads as loads on landed._load_id = loads.load_id
    group by landed.channel_code, landed.group_key
) as answers
    on quarantined.channel_code = answers.channel_code
    and quarantined.group_key = answers.group_key
    and quarantined.sequence < answers.sequence
order by quarantined.sequence, quarantined.source_row
"""
_QUARANTINED = """
select rows_read.*, loads.sequence
from landing_files as rows_read
inner join landing_loads as loads on rows_read.load_id = loads.load_id
"""


@dataclass(frozen=True, kw_only=True)
class QuarantinedRow:
    """One row that did not land: where it stands in its source, why, and what it looks like without its values."""

    load_id: str
    resource: str
    source_name: str
    source_row: int  # 1-based row of data
    reason: str
    column_name: str | None
    masked_row: str  # JSON
    sealed_reference: str  # `<load_id>:<position>` in the vault
    channel_code: str | None
    group_key: str | None  # key of the row (a token where the key is personal), when it could be read


def mask(value: str) -> str:
    """A value's shape without the value: digits → 9, letters → x, Han → 某; cut at 200 characters."""
    return "".join(_masked_letter(letter) for letter in value[:_LONGEST_VALUE])


@cache
def _masked_letter(letter: str) -> str:
    if letter.isdigit() or (letter.isnumeric() and not _is_han(letter)):
        return "9"
    if _is_han(letter):
        return "某"
    return "x" if letter.isalpha() else letter


def _is_han(letter: str) -> bool:
    return any(first <= letter <= last for first, last in _HAN)


def mask_row(row_text: str) -> str:
    """A row (JSON) with its values masked and its column names kept; what is no JSON object is masked whole."""
    try:
        row = json.loads(row_text)
    except (ValueError, RecursionError):
        row = row_text
    if not isinstance(row, dict):
        row = {"": row_text}
    return json.dumps(
        {_masked_name(name): _masked_value(value) for name, value in row.items()}, ensure_ascii=False
    )


def _masked_name(name: str) -> str:
    # a value where a column's name should be
    return mask(name) if _LOOKS_PERSONAL.search(name) or len(name) > _LONGEST_VALUE else name


def _masked_value(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return mask(value)
    try:
        return mask(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return "…"


def write_quarantine(target: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write one load's quarantined rows of one resource, keyed like `SCHEMA`; returns how many there are."""
    table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    pq.write_table(table, target, compression="zstd")
    return len(table)


def open_quarantine(home: Home) -> tuple[QuarantinedRow, ...]:
    """The quarantined rows that nothing has answered yet, oldest load first; none is the normal state.

    Raises:
        DamagedFileError: A quarantine or raw file cannot be trusted.
    """
    records = read_records(home)
    answered = {load_id for record in records for load_id in record.mends}
    waiting = [record for record in records if record.load_id not in answered]
    dismissed = {(entry.details["load_id"], entry.details["source_row"]) for entry in _dismissals(home)}
    found: list[QuarantinedRow] = []
    with connect() as connection:
        show_as("landing_loads", connection.from_arrow(_sequences(records)))
        for channel in sorted({record.source.channel for record in records}):
            landed = of_channel(live(records), channel)
            for resource in resources_of(records, channel).values():
                found += _open_of(connection, home, landed, of_channel(waiting, channel), resource)
    return tuple(row for row in found if (row.load_id, row.source_row) not in dismissed)


def dismiss(home: Home, load_id: str, source_row: int, *, by: str, reason: str) -> None:
    """Let an open row go for good; who and why stay in the audit log.

    Raises:
        UsageError: No such row is open, or `by` or `reason` is blank.
    """
    if not any(row.load_id == load_id and row.source_row == source_row for row in open_quarantine(home)):
        raise UsageError(
            f"row {source_row} of load {load_id} is not in open quarantine",
            expected="a row that is",
            do="list the open rows and take load and row from there",
        )
    details = {"load_id": load_id, "source_row": source_row}
    audit_log.record(home, by=by, reason=reason, action=DISMISSED, details=details)


def _dismissals(home: Home) -> tuple[audit_log.AuditEntry, ...]:
    return audit_log.entries(home, action=DISMISSED)


def _sequences(records: Iterable[LoadRecord]) -> pa.Table:
    pairs = [(record.load_id, record.sequence) for record in records]
    return pa.table(
        {
            "load_id": pa.array([load_id for load_id, _ in pairs], pa.string()),
            "sequence": pa.array([sequence for _, sequence in pairs], pa.int64()),
        }
    )


def _open_of(
    connection: DuckDBPyConnection,
    home: Home,
    landed: tuple[LoadRecord, ...],
    waiting: tuple[LoadRecord, ...],
    resource: Resource,
) -> list[QuarantinedRow]:
    paths = [
        literal_path(verify(home, record, bad.quarantine))
        for record in waiting
        if (bad := record.resources.get(resource.name)) and bad.quarantine
    ]
    if not paths:
        return []
    show_as("landing_files", connection.read_parquet(paths))
    show_as("landing_quarantined", connection.sql(_QUARANTINED))
    key = raw_key(resource).alias("group_key")
    landed_rows = registered_rows(connection, home, landed, resource)
    show_as("landing_keys", landed_rows.select(column("channel_code"), key, column("_load_id")))
    rows = connection.sql(_OPEN).select(*SCHEMA.names).fetchall()
    return [QuarantinedRow(**dict(zip(SCHEMA.names, row, strict=True))) for row in rows]
