"""Supersede: the one operation that puts a registered file, or nothing, in the place of others.

Here: the steps and their journal; its users compaction and the retention of quarantine. Not here: which rows go
(erasure).

Steps, under the landing lock: write the new file; write the supersede record; point each load record at the new file;
delete the old ones; mark the record finished. After a kill anywhere every load still has exactly its rows, because a
load record names the file that its rows are in; the next call finishes what was begun.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from duckdb import DuckDBPyConnection, DuckDBPyRelation
from pydantic import TypeAdapter

from siyu.clock import utc_now
from siyu.engine import connect
from siyu.errors import EnvironmentFaultError, SiyuError
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import (
    LoadRecord,
    StoredFile,
    live,
    path_of,
    read_records,
    resources_of,
    verify,
    write_record,
)
from siyu.landing.register import LOCK_NAME
from siyu.landing.sql import show_as
from siyu.resources import Resource
from siyu.settings import Home, Settings
from siyu.state.locks import hold
from siyu.state.staging import staging_folder, sweep_staging
from siyu.storage import sha256_of, write_json, written_whole

COMPACTION, RETENTION, ERASURE = "compaction", "retention", "erasure"
SMALL_BYTES = 64 << 20  # larger files gain nothing from being merged
Room = Literal["raw", "quarantine", "vault"]
_CHECKSUM = """
select
    count(*),
    cast(coalesce(sum(md5_number_lower(concat_ws('|', _load_id, _source_row, _row_hash))), 0) as varchar)
from landing_summed
"""


@dataclass(frozen=True, kw_only=True)
class SupersedeRecord:
    """What took the place of what, and why."""

    supersede_id: str
    channel: str
    resource: str  # empty for the vault: it is of a whole load
    supersedes: dict[str, StoredFile]  # the file that each load's rows were in
    file: StoredFile | None  # null when nothing takes their place
    reason: str
    rows: int
    checksum: str  # over load, source row and content of every row, whatever their order
    at: datetime  # aware, UTC
    is_finished: bool = False
    room: Room = "raw"

    @property
    def path(self) -> str:
        """Name of the record, relative to the home."""
        return f"raw/supersedes/{self.supersede_id}.json"


_RECORD = TypeAdapter(SupersedeRecord)


def compact(home: Home, settings: Settings) -> tuple[SupersedeRecord, ...]:
    """Merge the small live raw files of each resource that has `compact_files` of them; every row keeps its load id
    and position, and what is merged once into a large file is not written again.

    Call it under the warehouse lock: a build in progress reads the files that this deletes. Landings wait meanwhile.
    Nothing to merge: empty, and nothing is written.

    Raises:
        DamagedFileError: A file to merge cannot be trusted; nothing of its resource has changed.
    """
    done = []
    with superseding(home, settings, COMPACTION) as connection:
        for (channel, name), loads in loads_by_resource(home).items():
            small = small_files(loads)
            if len({stored.file for stored in small.values()}) >= settings.compact_files:
                resource = resources_of(read_records(home), channel)[name]
                done.append(_merge(connection, home, channel, resource, small))
    return tuple(done)


@contextmanager
def superseding(home: Home, settings: Settings, reason: str) -> Iterator[DuckDBPyConnection]:
    """The landing lock, what was begun finished, and an engine with a place to spill to, until the block ends.

    Raises:
        LockedError: A landing went on for longer than `lock_wait_seconds`.
    """
    sweep_staging(home, settings)
    with (
        hold(home.state / LOCK_NAME, run_id=reason, wait_seconds=settings.lock_wait_seconds),
        staging_folder(home, settings, reason) as spill,
        connect(settings=settings, spill=spill) as connection,
    ):
        finish_begun(home)
        yield connection


def small_files(loads: dict[str, StoredFile]) -> dict[str, StoredFile]:
    """Those of the loads (load id → file) whose file is worth merging."""
    return {load_id: stored for load_id, stored in loads.items() if stored.bytes < SMALL_BYTES}


def expire_quarantine(home: Home, settings: Settings, *, now: datetime) -> tuple[SupersedeRecord, ...]:
    """Remove the quarantine files of loads that landed more than `keep_quarantine_days` before `now` (aware).

    Their rows are open no longer; counts and vault stay. Nothing to remove: empty, and nothing is written.
    """
    oldest_kept = now - timedelta(days=settings.keep_quarantine_days)
    with hold(home.state / LOCK_NAME, run_id=RETENTION, wait_seconds=settings.lock_wait_seconds):
        finish_begun(home)
        expired: dict[tuple[str, str], dict[str, StoredFile]] = defaultdict(dict)
        for record in read_records(home):
            for name, landed in record.resources.items():
                if record.landed_at < oldest_kept and landed.quarantine is not None:
                    expired[record.source.channel, name][record.load_id] = landed.quarantine
        return tuple(
            _begin(
                home,
                SupersedeRecord(
                    supersede_id=_supersede_id(RETENTION, loads),
                    channel=channel,
                    resource=name,
                    supersedes=loads,
                    file=None,
                    reason=RETENTION,
                    rows=0,
                    checksum="0",
                    at=utc_now(),
                    room="quarantine",
                ),
            )
            for (channel, name), loads in expired.items()
        )


def supersede(
    connection: DuckDBPyConnection,
    home: Home,
    *,
    channel: str,
    resource: Resource,
    loads: dict[str, StoredFile],
    rows: DuckDBPyRelation,
    reason: str,
) -> SupersedeRecord:
    """Put `rows` in the place of the raw rows that `loads` (load id → its file now) have.

    The caller holds the landing lock. `rows` are raw rows with their load ids; a load that has none among them
    has none any more.
    """
    supersede_id = _supersede_id(reason, loads)
    name = f"raw/{channel}/{resource.name}/{reason}-{supersede_id}.parquet"
    count, checksum = checksum_of(connection, rows)
    with written_whole(home.root / name) as staged:
        rows.order("_load_id, _source_row").write_parquet(str(staged), compression="zstd")
        digest, size = sha256_of(staged), staged.stat().st_size
        written = checksum_of(connection, connection.read_parquet([str(staged)]))
        if written != (count, checksum):
            raise EnvironmentFaultError(
                f"the rows written to {name} differ from those read",
                expected=f"{count} rows",
                do="run it again",
            )
    record = SupersedeRecord(
        supersede_id=supersede_id,
        channel=channel,
        resource=resource.name,
        supersedes=loads,
        file=StoredFile(file=name, sha256=digest, bytes=size, rows=count, is_shared=len(loads) > 1),
        reason=reason,
        rows=count,
        checksum=checksum,
        at=utc_now(),
    )
    return _begin(home, record)


def supersede_file(
    home: Home,
    record: LoadRecord,
    *,
    room: Room,
    resource: str = "",
    reason: str,
    write: Callable[[Path], int],
) -> SupersedeRecord:
    """Put what `write` writes to a path (it says how many rows) in the place of a load's file in quarantine or vault.

    The caller holds the landing lock.
    """
    now = record.vault if room == "vault" else record.resources[resource].quarantine
    if now is None:
        raise SiyuError(
            f"load {record.load_id} has no file of {resource} in {room}", do="report this as a bug"
        )
    loads = {record.load_id: now}
    supersede_id = _supersede_id(reason, loads)
    name = str(Path(now.file).with_name(f"{reason}-{supersede_id}{Path(now.file).suffix}"))
    with written_whole(home.root / name) as staged:
        rows = write(staged)
        file = StoredFile(file=name, sha256=sha256_of(staged), bytes=staged.stat().st_size, rows=rows)
    begun = SupersedeRecord(
        supersede_id=supersede_id,
        channel=record.source.channel,
        resource=resource,
        supersedes=loads,
        file=file,
        reason=reason,
        rows=rows,
        checksum="0",
        at=utc_now(),
        room=room,
    )
    return _begin(home, begun)


def supersedes_folder(home: Home) -> Path:
    """Where the records are."""
    return home.raw / "supersedes"


def supersede_records(home: Home) -> tuple[SupersedeRecord, ...]:
    """What has been superseded in this home, oldest first."""
    folder = supersedes_folder(home)
    paths = folder.glob("*.json") if folder.is_dir() else ()
    return tuple(
        sorted((_RECORD.validate_json(path.read_bytes()) for path in paths), key=lambda record: record.at)
    )


def finish_begun(home: Home) -> None:
    """Finish what a killed supersede left half done. The caller holds the landing lock."""
    for leftover in home.raw.rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)
    for record in supersede_records(home):
        if not record.is_finished:
            _finish(home, record)


def checksum_of(connection: DuckDBPyConnection, rows: DuckDBPyRelation) -> tuple[int, str]:
    """Number and checksum of raw rows, independent of their order."""
    show_as("landing_summed", rows)
    count, checksum = connection.sql(_CHECKSUM).fetchall()[0]
    return int(count), str(checksum)


def _merge(
    connection: DuckDBPyConnection, home: Home, channel: str, resource: Resource, loads: dict[str, StoredFile]
) -> SupersedeRecord:
    records = tuple(record for record in live(read_records(home)) if record.load_id in loads)
    for record in records:
        verify(home, record, loads[record.load_id])
    rows = registered_rows(connection, home, records, resource)
    return supersede(
        connection, home, channel=channel, resource=resource, loads=loads, rows=rows, reason=COMPACTION
    )


def _supersede_id(reason: str, loads: dict[str, StoredFile]) -> str:
    identity = "\x1f".join(
        (reason, *(f"{load_id}{stored.sha256}" for load_id, stored in sorted(loads.items())))
    )
    return sha256(identity.encode()).hexdigest()[:16]


def _begin(home: Home, record: SupersedeRecord) -> SupersedeRecord:
    write_json(home.root / record.path, _RECORD.dump_python(record, mode="json"))
    return _finish(home, record)


def _finish(home: Home, record: SupersedeRecord) -> SupersedeRecord:
    for load in read_records(home):
        moved = _moved(load, record)
        if moved != load:
            write_record(home, moved)
    still_named = {stored.file for load in live(read_records(home)) for stored in load.files}
    for path in _old_files(home, record.supersedes.values(), still_named):
        path.unlink(missing_ok=True)
    finished = replace(record, is_finished=True)
    write_json(home.root / record.path, _RECORD.dump_python(finished, mode="json"))
    return finished


def _moved(load: LoadRecord, record: SupersedeRecord) -> LoadRecord:
    """A load that names the new file where it named the old one."""
    old = record.supersedes.get(load.load_id)
    if old is None:
        return load
    if record.room == "vault":
        return replace(load, vault=record.file) if load.vault == old else load
    landed = load.resources.get(record.resource)
    if landed is None:
        return load
    if record.room == "raw" and landed.raw == old:
        landed = replace(landed, raw=record.file)
    elif record.room == "quarantine" and landed.quarantine == old:
        landed = replace(landed, quarantine=record.file)
    return replace(load, resources=load.resources | {record.resource: landed})


def _old_files(home: Home, stored: Iterable[StoredFile], still_named: set[str]) -> set[Path]:
    return {path_of(home, one) for one in stored if one.file not in still_named}


def loads_by_resource(home: Home) -> dict[tuple[str, str], dict[str, StoredFile]]:
    """By channel and resource: the loads that count (load id → its raw file now)."""
    loads: dict[tuple[str, str], dict[str, StoredFile]] = defaultdict(dict)
    for record in live(read_records(home)):
        for name, landed in record.resources.items():
            if landed.raw is not None:
                loads[record.source.channel, name][record.load_id] = landed.raw
    return loads
