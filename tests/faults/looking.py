"""What can be said of a home from outside, after whatever happened in it."""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from siyu.landing import LoadRecord, create_raw_views, live, read_records
from siyu.landing.records import FILES_CHANNEL, of_channel
from siyu.publication import published_state, served_id
from siyu.publication.manifest import check_files, read_manifest
from siyu.publication.records import current_publication, present_publications, publication_log
from siyu.publication.serving import current_file, state_of
from siyu.settings import Home
from tests.faults.shop import OrderRow, Sale, expected_orders
from tests.landing.shop import files_of

_ORDERS = """
select order_key, business_date, unit_count, paid_amount, refunded_amount, net_amount
from served.main.fct_orders
order by order_key
"""
_DAYS = "select business_date, order_count, net_amount from served.main.kpi_daily order by business_date"
_LOG = "select publication_id from served.main.publish_log order by 1"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a reader of marts.duckdb gets."""

    publications: list[int]
    orders: list[OrderRow]
    days: list[tuple[Any, ...]]


def shown(home: Home) -> Shown:
    """Read the served file, as a reader does."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.marts_file}' as served (read_only)")
        return Shown(
            publications=[row[0] for row in connection.execute(_LOG).fetchall()],
            orders=connection.execute(_ORDERS).fetchall(),
            days=connection.execute(_DAYS).fetchall(),
        )


def check_shown(home: Home, files: Mapping[str, Sequence[Sale]]) -> None:
    """Readers see one whole publication, with exactly what the files it was made from say; `files` by name."""
    if not home.marts_file.exists():
        assert served_id(home) is None
        return
    found = shown(home)
    folder = home.publications / f"{found.publications[-1]:06d}"
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    assert published_state(home) == state_of(
        {name: table.checksum for name, table in manifest.models.items()}
    )
    assert manifest.models["fct_orders"].rows == len(found.orders)
    assert manifest.models["kpi_daily"].rows == len(found.days)

    names = {record.load_id: record.source.name for record in from_files(read_records(home))}
    assert found.orders == expected_orders(
        [files[names[load_id]] for load_id in manifest.load_ids if load_id in names]
    )
    keys = [row[0] for row in found.orders]
    assert len(set(keys)) == len(keys)
    assert all(paid - refunded == net and net >= 0 for *_, paid, refunded, net in found.orders)
    by_day: dict[date, list[OrderRow]] = {}
    for row in found.orders:
        by_day.setdefault(row[1], []).append(row)
    assert found.days == [
        (day, len(rows), sum(row[-1] for row in rows)) for day, rows in sorted(by_day.items())
    ]


def check_landed(home: Home, files: Mapping[str, Sequence[Sale]]) -> None:
    """Raw holds every version of every order that the registered files bring, once."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        rows = connection.execute(
            "select order_id, paid_amount, updated_at from raw.files__orders"
        ).fetchall()
    names = [record.source.name for record in live(from_files(read_records(home)))]
    versions = {(sale.order, sale.amount, sale.updated) for name in names for sale in files[name]}
    assert sorted(row[:2] for row in rows) == sorted(version[:2] for version in versions)


def from_files(records: Iterable[LoadRecord]) -> tuple[LoadRecord, ...]:
    """The loads of files among these; what a platform told is looked at in wide.py."""
    return of_channel(records, FILES_CHANNEL)


def facts(home: Home, *, but: str = "") -> dict[str, Any]:
    """All that a night leaves which does not depend on when it ran and what it was called; `but` as `leftovers`."""
    log = publication_log(home)
    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        rows = connection.execute(
            "select order_id, paid_amount, _load_id, _source_row from raw.files__orders order by all"
        ).fetchall()
    return {
        "state": published_state(home),
        "served": served_id(home),
        "told": json.loads(current_file(home).read_text(encoding="utf-8"))["id"],
        "log": [(record.id, record.as_of_date, record.restores) for record in log],
        "kept": [publication.id for publication in present_publications(home)],
        "rows": rows,
        "loads": [(record.sequence, record.load_id) for record in read_records(home)],
        "warehouses": len(list(home.warehouses.glob("*"))),
        "raw": sorted(name for name in files_of(home) if name.startswith(("raw/", "quarantine/", "vault/"))),
        "candidates": sorted(path.name for path in home.candidates.glob("*")),
        "leftovers": leftovers(home, but=but),
    }


def leftovers(home: Home, *, but: str = "") -> list[str]:
    """Half-made files, staging folders and locks that are still held; a home at rest has none.

    `but`: a run that was killed and never run again; what it left in its own folder goes when its logs do.
    """
    half_made = [
        path
        for path in home.root.rglob("*")
        if ".tmp" in path.name and not (but and path.is_relative_to(home.runs / but))
    ]
    held = [path for path in home.state.glob("*.lock") if _is_held(path)]
    return sorted(str(path.relative_to(home.root)) for path in (*half_made, *home.staging.glob("*"), *held))


def _is_held(lock_file: Path) -> bool:
    descriptor = os.open(lock_file, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def newest_loads(home: Home) -> set[str]:
    """The loads that the newest publication was made from; none before the first."""
    current = current_publication(home)
    return set(current.load_ids) if current else set()
