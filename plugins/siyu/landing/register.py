"""Landing a source: stage everything, then make it visible in one step.

Here: the order of side effects, the registration. Not here: what is computed (stage).

Nothing that a reader sees changes before the load record is renamed into place, which comes last; files without a
record are seen by nobody and are written over when the landing runs again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from siyu.clock import local_date, utc_now
from siyu.errors import DamagedFileError, EnvironmentFaultError, SiyuError
from siyu.landing.batch import Batch, Source
from siyu.landing.personal import Keys, open_keys
from siyu.landing.records import (
    FILES_CHANNEL,
    Extraction,
    LoadRecord,
    is_intact,
    live,
    load_id_of,
    path_of,
    read_records,
    verify,
    write_record,
)
from siyu.landing.rules import SEEDS
from siyu.landing.sql import drop_workspace
from siyu.landing.stage import Prepared, Staged, check_limit, prepare, reads_again, stage
from siyu.landing.tombstones import Tombstones, read_tombstones
from siyu.resources import RESOURCES
from siyu.settings import Home, Settings
from siyu.state.locks import hold
from siyu.state.staging import staging_folder, sweep_staging
from siyu.storage import publish_file

LOCK_NAME = "landing.lock"


def land(
    connection: DuckDBPyConnection,
    home: Home,
    settings: Settings,
    source: Source,
    batches: Sequence[Batch],
    *,
    landed_at: datetime | None = None,
    seeds: Path = SEEDS,
) -> LoadRecord:
    """Check, tokenise, deduplicate and register the rows of one source; the same source again is a no-op.

    A row (for grouped resources: a whole document) that a live load already has is not written again. The same
    bytes read by another revision of the mapping replace what the earlier revision landed. A registered load whose
    files are damaged is written anew. Landings may run at once; the lock is held for the registration alone.

    Args:
        connection: In-memory DuckDB that holds the batches' tables; landing's own tables in it are dropped again.
        home: Where to land; its keys are made at the first landing.
        settings: Limits, business time zone, reporting currency, how long to wait for the lock.
        source: What was read, and by which mapping.
        batches: One per resource; no two of the same.
        landed_at: Moment of the landing, aware; the clock when not given.
        seeds: Folder of the seeds that know brands, channels and exchange rates.

    Returns:
        The record of the load, the existing one when nothing had to be done.

    Raises:
        RefusedError: An unknown brand, channel or currency, or more bad rows than the limit. Nothing is registered.
        DamagedFileError: A file of another load, needed to tell what is new, is damaged. Nothing is registered.
        LockedError: The registration lock stayed held. Nothing is registered.
    """
    landed_at = landed_at or utc_now()
    if len({batch.resource.name for batch in batches}) != len(batches):
        raise SiyuError("two batches of one resource in one landing", expected="one batch per resource")
    sweep_staging(home, settings)
    if done := registered(home, source):
        return done
    keys = open_keys(home)
    landing_date = local_date(landed_at, settings.business_timezone)
    try:
        prepared = tuple(
            prepare(connection, settings, keys.tokenizer, batch, landing_date=landing_date, seeds=seeds)
            for batch in batches
        )
        check_limit(settings, prepared, do="mend the mapping or the file (siyu mapping check shows where)")
        return register(
            connection,
            home,
            settings,
            source,
            prepared,
            keys=keys,
            landed_at=landed_at,
            staging=lambda folder, plan, others, tombstones: stage(
                connection,
                home,
                keys=keys,
                folder=folder,
                source=source,
                load_id=plan.load_id,
                prepared=prepared,
                registered=others,
                tombstones=tombstones,
            ),
        )
    finally:
        drop_workspace(connection)


def register(
    connection: DuckDBPyConnection,
    home: Home,
    settings: Settings,
    source: Source,
    prepared: tuple[Prepared, ...],
    *,
    keys: Keys,
    landed_at: datetime,
    staging: Callable[[Path, LoadRecord, tuple[LoadRecord, ...], Tombstones], Staged],
    extraction: Extraction | None = None,
) -> LoadRecord:
    """Stage what is new against the loads there are, and make it visible.

    Again when another load was registered, or somebody was forgotten, meanwhile.

    Args:
        connection: Holds the tables that `prepared` names.
        home: Where to land.
        settings: How long to wait for the lock.
        source: What was read.
        prepared: Its checked rows, by resource.
        keys: Whose tokens are in them.
        landed_at: Moment of the landing, aware.
        staging: Writes the files: given an empty folder, the record to be, the loads that count beside it, and whom
            nothing shall be landed of.
        extraction: How the source was read, where it is a window of an API.

    Raises:
        DamagedFileError, LockedError: As `land`. Nothing is registered.
        EnvironmentFaultError: The home was re-keyed meanwhile, or is just now. Nothing is registered.
    """
    while True:
        records, tombstones = _records(home, source), read_tombstones(home)
        mended = _mended(connection, home, source, prepared, records)
        plan = _plan(home, source, records, mended=mended, landed_at=landed_at, extraction=extraction)
        with staging_folder(home, settings, plan.load_id) as folder:
            others = tuple(one for one in live((*records, plan)) if one.load_id != plan.load_id)
            if plan.sequence:  # mending: what else is damaged must not keep this load from coming back
                others = tuple(one for one in others if is_intact(home, one))
            try:
                staged = staging(folder, plan, others, tombstones)
            except duckdb.Error as error:
                if _records(home, source) != records:
                    continue  # a file was compacted away while it was read
                raise _culprit(home, others, error) from error
            with hold(
                home.state / LOCK_NAME, run_id=_run(plan.load_id), wait_seconds=settings.lock_wait_seconds
            ):
                if done := registered(home, source):
                    return done
                if open_keys(home) != keys:
                    raise EnvironmentFaultError(f"{home} was re-keyed while this was read", do="run it again")
                if (_records(home, source), read_tombstones(home)) == (records, tombstones):
                    return _register(home, plan, staged)
        # what is new has to be found again


def registered(home: Home, source: Source) -> LoadRecord | None:
    """The live, undamaged load of exactly this source; None where it has to be landed."""
    for record in live(_records(home, source)):
        if record.source == source and is_intact(home, record):
            return record
    return None


def _records(home: Home, source: Source) -> tuple[LoadRecord, ...]:
    return read_records(home, but=frozenset({load_id_of(source)}))


def _mended(
    connection: DuckDBPyConnection,
    home: Home,
    source: Source,
    prepared: tuple[Prepared, ...],
    records: tuple[LoadRecord, ...],
) -> tuple[str, ...]:
    """Loads with quarantined rows that were read from this file before it was mended."""
    return tuple(
        record.load_id
        for record in live(records)
        if record.source.sha256 != source.sha256
        and (record.source.channel, record.source.name, record.source.mapping)
        == (source.channel, source.name, source.mapping)
        and any(landed.quarantine for landed in record.resources.values())
        and reads_again(connection, home, prepared, record)
    )


def _plan(
    home: Home,
    source: Source,
    records: tuple[LoadRecord, ...],
    *,
    mended: tuple[str, ...],
    landed_at: datetime,
    extraction: Extraction | None,
) -> LoadRecord:
    """The record to be, still without files; a damaged load keeps its id and its place in the sequence."""
    replaces = tuple(
        record.load_id
        for record in live(records)
        if (record.source.channel, record.source.sha256, record.source.mapping)
        == (source.channel, source.sha256, source.mapping)
        and record.source.mapping_sha256 != source.mapping_sha256
    )
    if source.channel != FILES_CHANNEL:
        # a window that is read anew may well differ: it stands in for one that was damaged
        replaces += tuple(
            record.load_id
            for record in live(records)
            if (record.source.channel, record.source.mapping, record.source.name)
            == (source.channel, source.mapping, source.name)
            and record.source != source
            and record.load_id not in replaces
            and not is_intact(home, record)
        )
    damaged = next((record for record in live(records) if record.source == source), None)
    revision = sum(record.source == source for record in records) if damaged is None else 0
    return LoadRecord(
        load_id=damaged.load_id if damaged else load_id_of(source, revision=revision),
        sequence=damaged.sequence if damaged else 0,  # given out at the registration
        source=source,
        landed_at=damaged.landed_at if damaged else landed_at,
        resources={},
        vault=None,
        replaces=(damaged.replaces if damaged else ()) + replaces,
        mends=(damaged.mends if damaged else ()) + replaces + mended,
        extraction=extraction,
    )


def _register(home: Home, plan: LoadRecord, staged: Staged) -> LoadRecord:
    """Rename the files into place, then the record. The caller holds the lock."""
    _sweep_own_leftovers(home, plan, staged)
    for name, path in staged.files.items():
        publish_file(path, home.root / name)
    record = replace(
        plan,
        sequence=plan.sequence or _next_sequence(home, plan.load_id),
        resources=staged.resources,
        vault=staged.vault,
    )
    for stored in record.files:
        path_of(home, stored)  # what we register must be what a reader accepts
    write_record(home, record)
    return record


def _next_sequence(home: Home, load_id: str) -> int:
    """The next number; a record of this very load that could not be read leaves its number to us."""
    given = {
        path.stem.partition("-")[2]: int(path.stem.partition("-")[0]) for path in home.loads.glob("*-*.json")
    }
    return given.get(load_id, max(given.values(), default=0) + 1)


def _sweep_own_leftovers(home: Home, plan: LoadRecord, staged: Staged) -> None:
    """Remove what a killed landing of this load left where nobody looks, and half-written records of anyone.

    Records are written under the lock that the caller holds, so a temporary one belongs to a dead process.
    """
    channel = plan.source.channel
    possible = [f"vault/{plan.load_id}.sealed"]
    for name in {*RESOURCES, *staged.resources}:
        possible += [f"{room}/{channel}/{name}/{plan.load_id}.parquet" for room in ("raw", "quarantine")]
    leftovers = [home.root / name for name in possible if name not in staged.files]
    for leftover in (*leftovers, *home.loads.glob(".*.tmp")):
        leftover.unlink(missing_ok=True)


def _culprit(home: Home, records: tuple[LoadRecord, ...], error: duckdb.Error) -> Exception:
    """Which registered file made a statement fail; the error itself when all are well."""
    for record in records:
        for landed in record.resources.values():
            if landed.raw:
                try:
                    verify(home, record, landed.raw)
                except DamagedFileError as found:
                    return found
    return error


def _run(load_id: str) -> str:
    return f"landing {load_id}"
