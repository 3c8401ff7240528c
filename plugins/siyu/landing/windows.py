"""Landing a window of an API: chunk by chunk while it is read, all of it with one load record at the end.

Here: what a chunk leaves on disk, and the registration of all chunks of a window. Not here: reading the API, and the
checkpoint that says which chunks there are (channels.api).

A chunk is checked, tokenised and sealed before anything of it is written, so that a window may lie half read for days
in `pending/` with nothing clear in it. Nothing there is seen by a reader; a chunk that no checkpoint names is written
over. Whether a row is news is asked at the end, of all chunks together.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from siyu.clock import local_date
from siyu.landing.batch import Batch, Source
from siyu.landing.personal import Keys, join_sealed, seal
from siyu.landing.quarantine import write_quarantine
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import (
    Extraction,
    LandedResource,
    LoadRecord,
    is_intact,
    live,
    of_channel,
    read_records,
)
from siyu.landing.register import register, registered
from siyu.landing.rules import SEEDS
from siyu.landing.sql import drop_workspace, keep_table, literal_path, show_as
from siyu.landing.stage import (
    Prepared,
    Staged,
    Vault,
    add_personal_values,
    check_limit,
    count_landed,
    keep_out,
    keep_out_rejects,
    known_hashes,
    prepare,
    rejected,
    stored,
    write_rows,
)
from siyu.landing.tombstones import Tombstones, read_tombstones
from siyu.resources import Resource
from siyu.settings import Home, Settings
from siyu.storage import sha256_of, written_whole

_ROWS, _QUARANTINE, _VAULT = "rows", "quarantine", "vault"
_HASHED = """
select landing_rows.*, landing_positions._line_number, landing_positions._group_hash
from landing_rows
inner join landing_positions on landing_rows._source_row = landing_positions._source_row
order by landing_rows._source_row
"""
_UNKNOWN = "select landing_hashed.* from landing_hashed anti join landing_known using (_group_hash)"
# the same document may come in several chunks: pages overlap, and a window is read again when its count is short
_FIRST_ROWS = """
select * from landing_rows
qualify row_number() over (partition by _group_hash order by _source_row) = 1
"""
_FIRST_DOCUMENTS = """
select * from landing_rows
qualify row_number() over (partition by _group_hash, _line_number order by _source_row) = 1
"""
_NEWS = "select landing_first.* from landing_first anti join landing_registered using (_group_hash)"
_CONTENT = (
    "select count(*), cast(coalesce(sum(md5_number_lower(_row_hash)), 0) as varchar) from landing_first"
)
_DISTINCT_KEYS = "select count(distinct _key) from landing_rows"


@dataclass(frozen=True, kw_only=True)
class ChunkPart:
    """What one chunk brought to one resource."""

    read: int
    rejects: int
    quarantine_reasons: dict[str, int] = field(default_factory=dict)
    erased: int = 0  # rows of persons who were forgotten, which are in no file
    erased_rejects: int = 0  # of these, bad rows
    erased_keys: tuple[str, ...] = ()  # digests of what told these rows apart
    rows: str | None = None  # name of its file in the window's folder
    quarantine: str | None = None


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A part of a window that is on disk: its files in the window's folder with their digests."""

    parts: dict[str, ChunkPart]
    files: dict[str, str]  # name → SHA-256
    vault: str | None
    sealed: int  # records in the vault file


def know_what_is_registered(
    connection: DuckDBPyConnection, home: Home, channel: str, resources: Sequence[Resource]
) -> None:
    """Remember in the connection which content has landed, so that its personal values are not sealed again."""
    loads = of_channel(live(read_records(home)), channel)
    for resource in resources:
        try:
            keep_table(connection, _known(resource), known_hashes(connection, home, loads, resource))
        except duckdb.Error:  # a damaged file: this window may be the one that is read to stand in for it
            intact = tuple(load for load in loads if is_intact(home, load))
            keep_table(connection, _known(resource), known_hashes(connection, home, intact, resource))


def stage_chunk(
    connection: DuckDBPyConnection,
    home: Home,
    settings: Settings,
    keys: Keys,
    batches: Sequence[Batch],
    *,
    folder: Path,
    number: int,
    source_name: str,
    landed_at: datetime,
    seeds: Path = SEEDS,
) -> Chunk:
    """Check and tokenise the rows of some pages and write them to the window's folder; a repeat writes the same over.

    Args:
        connection: Holds the batches' tables, and what `know_what_is_registered` left.
        home: Where to land; its tombstones say of whom nothing is written.
        settings: Business time zone, reporting currency.
        keys: Of the home.
        batches: One per resource of the stream; `_source_row` counts through all chunks of the window.
        folder: Of the window, in `pending/`.
        number: Of the chunk in its window.
        source_name: For quarantine.
        landed_at: Moment of the landing, aware.
        seeds: Folder of the seeds that know brands, channels and exchange rates.

    Raises:
        RefusedError: An unknown brand, channel or currency.
    """
    sealing, tombstones = Vault(), read_tombstones(home)
    parts: dict[str, ChunkPart] = {}
    files: dict[str, str] = {}
    try:
        for batch in batches:
            name = batch.resource.name
            date = local_date(landed_at, settings.business_timezone)
            one = prepare(connection, settings, keys.tokenizer, batch, landing_date=date, seeds=seeds)
            one = keep_out_rejects(connection, one, tombstones, keys.tokenizer, seeds)
            one = keep_out(connection, one, tombstones)
            rows = _write_chunk_rows(connection, one, folder / f"{number:05d}.{name}.{_ROWS}")
            show_as("landing_known", connection.table(_known(batch.resource)))
            show_as("landing_landed", connection.sql(_UNKNOWN))
            add_personal_values(connection, one, sealing)
            bad = None
            if one.rejects:
                bad = folder / f"{number:05d}.{name}.{_QUARANTINE}"
                with written_whole(bad) as staged:
                    write_quarantine(
                        staged,
                        rejected(
                            connection,
                            one,
                            tokenizer=keys.tokenizer,
                            source_name=source_name,
                            load_id="",
                            sealing=sealing,
                        ),
                    )
            files |= {path.name: sha256_of(path) for path in (rows, bad) if path}
            parts[name] = ChunkPart(
                read=batch.rows_read,
                rejects=one.rejects,
                quarantine_reasons=one.quarantine_reasons,
                erased=one.erased,
                erased_rejects=one.erased_rejects,
                erased_keys=tuple(sorted(one.erased_keys)),
                rows=rows.name if rows else None,
                quarantine=bad.name if bad else None,
            )
        vault = None
        if sealing.records:
            vault = folder / f"{number:05d}.{_VAULT}"
            with written_whole(vault) as staged:
                seal(staged, sealing.records, keys.vault_public_key)
            files[vault.name] = sha256_of(vault)
    finally:
        drop_workspace(connection)
    return Chunk(parts=parts, files=files, vault=vault.name if vault else None, sealed=len(sealing.records))


def are_whole(chunks: Sequence[Chunk], folder: Path) -> bool:
    """Whether every file of the chunks is in the window's folder as it was written."""
    return all(
        (folder / name).is_file() and sha256_of(folder / name) == digest
        for chunk in chunks
        for name, digest in chunk.files.items()
    )


def count_distinct(
    connection: DuckDBPyConnection, chunks: Sequence[Chunk], resource: Resource, folder: Path
) -> int:
    """How many keys of a resource the chunks hold or have left out, rejected rows counted one each."""
    one = _prepared(resource, chunks)
    _show_rows(connection, one, chunks, folder)
    (keys,) = connection.sql(_DISTINCT_KEYS).fetchall()[0]
    drop_workspace(connection)
    return int(keys) + one.rejects + len(one.erased_keys)


def land_window(
    connection: DuckDBPyConnection,
    home: Home,
    settings: Settings,
    *,
    keys: Keys,
    channel: str,
    name: str,
    mapping: str,
    revision: str,
    resources: Sequence[Resource],
    chunks: Sequence[Chunk],
    folder: Path,
    extraction: Extraction,
    landed_at: datetime,
) -> LoadRecord:
    """Register all chunks of a window as one load; the same content of the same window again is a no-op.

    Args:
        connection: In-memory DuckDB.
        home: Where to land.
        settings: Limit of quarantine, how long to wait for the lock.
        keys: Whose tokens are in the chunks.
        channel: Of the load.
        name: Of the window: account, stream, from, to.
        mapping: Of the stream, e.g. `ocean_engine/campaign_daily`.
        revision: Of its declaration.
        resources: That the stream lands, rows or not.
        chunks: As `stage_chunk` gave them, in order; none is a valid, empty window.
        folder: Of the window, in `pending/`.
        extraction: How it was read.
        landed_at: Moment of the landing, aware.

    Returns:
        The record of the load, the existing one when this observation had landed.

    Raises:
        RefusedError: More bad rows than the limit. Nothing is registered.
        DamagedFileError, LockedError: As `land`.
    """
    prepared = tuple(_prepared(resource, chunks) for resource in resources)
    try:
        check_limit(
            settings, prepared, do="see which fields the platform changed, and mend the channel's declaration"
        )
        for one in prepared:
            _show_rows(connection, one, chunks, folder)
        source = Source(
            channel=channel,
            name=name,
            sha256=_content(connection, name, prepared, extraction),
            bytes=0,  # equal content comes in different answers; how many bytes they had is in `calls`
            mapping=mapping,
            mapping_sha256=revision,
        )
        if done := registered(home, source):
            return done
        return register(
            connection,
            home,
            settings,
            source,
            prepared,
            keys=keys,
            landed_at=landed_at,
            staging=lambda staging, plan, others, tombstones: _stage(
                connection,
                home,
                plan,
                prepared,
                chunks,
                pending=folder,
                folder=staging,
                registered=of_channel(others, channel),
                tombstones=tombstones,
            ),
            extraction=extraction,
        )
    finally:
        drop_workspace(connection)


def _known(resource: Resource) -> str:
    return f"known {resource.name}"  # outlives the chunk: no name of landing's workspace


def _write_chunk_rows(connection: DuckDBPyConnection, prepared: Prepared, target: Path) -> Path | None:
    """Write a chunk's checked rows and leave them as `landing_hashed`; None when there are none."""
    show_as("landing_rows", connection.table(prepared.rows_table))
    show_as("landing_positions", connection.table(prepared.positions_table))
    keep_table(connection, "landing_hashed", connection.sql(_HASHED))
    rows = connection.table("landing_hashed")
    if rows.limit(1).fetchone() is None:
        return None
    with written_whole(target) as staged:
        rows.write_parquet(str(staged), compression="zstd")
    return target


def _prepared(resource: Resource, chunks: Sequence[Chunk]) -> Prepared:
    """All chunks of a resource as if they were one batch."""
    parts = [chunk.parts[resource.name] for chunk in chunks if resource.name in chunk.parts]
    reasons: dict[str, int] = {}
    for part in parts:
        for reason, count in part.quarantine_reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    batch = Batch(
        resource=resource,
        records="",
        rejects="",
        rows_read=sum(part.read for part in parts),
        rows_elsewhere=0,
    )
    return Prepared(
        batch=batch,
        rejects=sum(part.rejects for part in parts),
        quarantine_reasons=dict(sorted(reasons.items())),
        erased=sum(part.erased for part in parts),
        erased_rejects=sum(part.erased_rejects for part in parts),
        erased_keys=frozenset(key for part in parts for key in part.erased_keys),
    )


def _show_rows(
    connection: DuckDBPyConnection, prepared: Prepared, chunks: Sequence[Chunk], folder: Path
) -> None:
    """Give the rows of all chunks the names that landing reads: the resource's rows table, and `landing_rows`."""
    name = prepared.resource.name
    paths = [
        literal_path(folder / part.rows)
        for chunk in chunks
        if (part := chunk.parts.get(name)) is not None and part.rows is not None
    ]
    if paths:
        rows = connection.read_parquet(paths)
    else:  # the columns that the statements here name, and those of raw
        no_rows = registered_rows(connection, Home(folder), (), prepared.resource)
        rows = no_rows.select("*, '' as _key, cast(null as timestamp) as _happened")
    show_as(prepared.rows_table, rows)
    show_as("landing_rows", connection.view(prepared.rows_table))


def _content(
    connection: DuckDBPyConnection, name: str, prepared: Sequence[Prepared], extraction: Extraction
) -> str:
    """A digest of an observation of a window: equal for equal rows in any order and any paging.

    That it held the same at another moment is news: only then is it known to have been read after the platform had
    finished it.
    """
    content: list[Any] = [name, extraction.is_complete, extraction.observed_at.isoformat()]
    for one in prepared:
        _find_first(connection, one)
        content += [one.resource.name, *connection.sql(_CONTENT).fetchall()[0], one.quarantine_reasons]
    return sha256(json.dumps(content).encode()).hexdigest()


def _find_first(connection: DuckDBPyConnection, prepared: Prepared) -> None:
    """Bind `landing_first` to the rows of a window, each once."""
    show_as("landing_rows", connection.table(prepared.rows_table))
    show_as("landing_first", connection.sql(_FIRST_DOCUMENTS if prepared.resource.grouped else _FIRST_ROWS))


def _stage(
    connection: DuckDBPyConnection,
    home: Home,
    plan: LoadRecord,
    prepared: Sequence[Prepared],
    chunks: Sequence[Chunk],
    *,
    pending: Path,
    folder: Path,
    registered: tuple[LoadRecord, ...],
    tombstones: Tombstones,
) -> Staged:
    """Write what is news in the chunks to the staging folder, as `stage` does for a file."""
    channel, load_id = plan.source.channel, plan.load_id
    files: dict[str, Path] = {}
    resources: dict[str, LandedResource] = {}
    for one in (keep_out(connection, found, tombstones) for found in prepared):
        name = one.resource.name
        raw = f"raw/{channel}/{name}/{load_id}.parquet"
        quarantine = f"quarantine/{channel}/{name}/{load_id}.parquet"
        known = () if one.resource.keeps_observations else registered
        keep_table(connection, "landing_registered", known_hashes(connection, home, known, one.resource))
        _find_first(connection, one)
        show_as("landing_landed", connection.sql(_NEWS))
        counts, newest_at = count_landed(connection, one)
        if counts.landed:
            files[raw] = folder / f"{name}.parquet"
            write_rows(connection, one.resource, load_id, files[raw])
        if one.rejects:
            files[quarantine] = folder / f"{name}.quarantine.parquet"
            write_quarantine(files[quarantine], _rejected(name, chunks, pending, load_id))
        resources[name] = LandedResource(
            raw=stored(raw, files, counts.landed),
            quarantine=stored(quarantine, files, one.rejects),
            counts=counts,
            newest_at=newest_at,
            declared=one.resource,
        )
    sealed = sum(chunk.sealed for chunk in chunks)
    vault = f"vault/{load_id}.sealed"
    if sealed:
        files[vault] = folder / "vault.sealed"
        join_sealed(files[vault], (pending / chunk.vault for chunk in chunks if chunk.vault))
    return Staged(files=files, resources=resources, vault=stored(vault, files, sealed))


def _rejected(resource: str, chunks: Sequence[Chunk], pending: Path, load_id: str) -> list[dict[str, Any]]:
    """The quarantined rows of all chunks, now that the load has an id and one vault file."""
    rows: list[dict[str, Any]] = []
    before = 0  # records in the vault files of earlier chunks
    for chunk in chunks:
        part = chunk.parts.get(resource)
        if part is not None and part.quarantine is not None:
            for row in pq.read_table(pending / part.quarantine).to_pylist():
                position = before + int(row["sealed_reference"].rpartition(":")[2])
                rows.append(row | {"load_id": load_id, "sealed_reference": f"{load_id}:{position}"})
        before += chunk.sealed
    return rows
