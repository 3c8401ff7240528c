"""Those whom the brand has forgotten, taken out of what has landed: raw, quarantine and vault.

Here: the sweep. Not here: who is forgotten (tombstones), what is left of a row (redaction), what is published
(publication.erasure).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from siyu.errors import DamagedFileError
from siyu.landing.personal import open_keys, open_private_key, seal, unseal
from siyu.landing.quarantine import write_quarantine
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import (
    LoadRecord,
    StoredFile,
    live,
    of_channel,
    read_records,
    resources_of,
    verify,
)
from siyu.landing.redaction import PossibleNames, is_any_among, names_in, row_count, token_columns, without
from siyu.landing.sql import SEPARATOR
from siyu.landing.supersede import (
    ERASURE,
    loads_by_resource,
    supersede,
    supersede_file,
    supersedes_folder,
    superseding,
)
from siyu.landing.tombstones import Tombstones
from siyu.settings import Home, Settings

ERASED = {"kind": "erased"}  # in the vault, in the place of what was there: references go by position


@dataclass(frozen=True, kw_only=True)
class ErasedRows:
    """What a sweep changed."""

    removed: int = 0  # rows of raw that went
    kept_without: int = 0  # rows of raw that stay in the books without the person
    quarantined: int = 0  # rows of quarantine that went
    sealed: int = 0  # values of the vault that went
    files: int = 0  # that were written anew


def erase_landed(home: Home, settings: Settings, tombstones: Tombstones) -> ErasedRows:
    """Take those who are forgotten out of every file that counts, and remove all others.

    Others are of loads that a later one replaced, or of a landing that was killed: nobody reads them. The vault keeps
    no value that no row refers to any more, whoever's it is: a number that only a row of theirs had.

    Call it under the warehouse lock: a build in progress reads the files that this deletes. Landings wait meanwhile.
    Killed anywhere, the next call goes on; a second one finds nothing and writes nothing.

    Raises:
        DamagedFileError: A file cannot be trusted, so it cannot be searched. The other files of raw are done.
    """
    with superseding(home, settings, ERASURE) as connection:
        remove_uncounted(home)
        parts = [*_erase_raw(connection, home, tombstones)]
        parts += _erase_sealed(home, tombstones, tokens_in_raw(connection, home))
        return ErasedRows(
            removed=sum(one.removed for one in parts),
            kept_without=sum(one.kept_without for one in parts),
            quarantined=sum(one.quarantined for one in parts),
            sealed=sum(one.sealed for one in parts),
            files=sum(one.files for one in parts),
        )


def remove_uncounted(home: Home) -> None:
    """Remove every file of raw, quarantine and vault that no load which counts names."""
    named = {home.root / stored.file for record in live(read_records(home)) for stored in record.files}
    records = {home.loads, supersedes_folder(home)}
    for room in (home.raw, home.quarantine, home.vault):
        for path in room.rglob("*"):
            if path.is_file() and path.parent not in records and path not in named:
                path.unlink()


def _erase_raw(connection: DuckDBPyConnection, home: Home, tombstones: Tombstones) -> Iterator[ErasedRows]:
    damaged: list[DamagedFileError] = []
    for (channel, name), files in raw_files(home).items():
        resource = resources_of(read_records(home), channel)[name]
        columns = token_columns(resource)
        for loads in files.values() if columns else ():
            records = tuple(record for record in read_records(home) if record.load_id in loads)
            try:
                verify(home, records[0], loads[records[0].load_id])
            except DamagedFileError as fault:
                damaged.append(fault)
                continue
            rows = registered_rows(connection, home, records, resource)
            erased = tombstones.among(names_in(rows, columns))
            if not erased:
                continue
            before, named = row_count(rows), row_count(rows.filter(is_any_among(columns, erased)))
            left = without(rows, resource, erased)
            done = supersede(
                connection, home, channel=channel, resource=resource, loads=loads, rows=left, reason=ERASURE
            )
            removed = before - done.rows
            yield ErasedRows(removed=removed, kept_without=named - removed, files=1)
    if damaged:
        raise damaged[0]


def raw_files(home: Home) -> dict[tuple[str, str], dict[str, dict[str, StoredFile]]]:
    """By channel and resource, by file: the loads that have rows in it."""
    found: dict[tuple[str, str], dict[str, dict[str, StoredFile]]] = defaultdict(lambda: defaultdict(dict))
    for resource, loads in loads_by_resource(home).items():
        for load_id, stored in loads.items():
            found[resource][stored.file][load_id] = stored
    return found


def tokens_in_raw(connection: DuckDBPyConnection, home: Home) -> set[str]:
    """Every token that some row has."""
    found: set[str] = set()
    records = live(read_records(home))
    for channel, name in loads_by_resource(home):
        resource = resources_of(records, channel)[name]
        rows = registered_rows(connection, home, of_channel(records, channel), resource)
        found.update(names_in(rows, token_columns(resource)))
    return found


def _erase_sealed(home: Home, tombstones: Tombstones, referred: set[str]) -> Iterator[ErasedRows]:
    keys, private = open_keys(home), open_private_key(home)
    records = live(read_records(home))
    possible = {
        channel: PossibleNames(keys.tokenizer, resources_of(records, channel).values())
        for channel in {record.source.channel for record in records}
    }
    for record in records:
        if record.vault is None:
            continue
        path = verify(home, record, record.vault)
        gone, before = set(), set()
        for position, one in enumerate(unseal(path, private)):
            if one == ERASED:
                before.add(position)
            elif _is_to_go(one, tombstones, possible[record.source.channel], referred):
                gone.add(position)
        if gone:
            left = (ERASED if position in gone else one for position, one in enumerate(unseal(path, private)))
            supersede_file(
                home,
                record,
                room="vault",
                reason=ERASURE,
                write=partial(seal, records=left, public_key=keys.vault_public_key),
            )
        nobodys = {f"{record.load_id}:{position}" for position in gone | before}
        removed = _erase_quarantine(home, record, nobodys, tombstones)
        if gone or removed:
            yield ErasedRows(sealed=len(gone), quarantined=removed, files=bool(gone) + bool(removed))


def _erase_quarantine(home: Home, record: LoadRecord, nobodys: set[str], tombstones: Tombstones) -> int:
    """Take rows out of a load's quarantine whose clear row is gone from the vault, or whose key names somebody."""
    removed = 0
    for name, landed in record.resources.items():
        if landed.quarantine is None:
            continue
        rows = pq.read_table(verify(home, record, landed.quarantine))
        keep = [
            reference not in nobodys and not tombstones.among((key or "").split(SEPARATOR))
            for reference, key in zip(
                *rows.select(["sealed_reference", "group_key"]).to_pydict().values(), strict=True
            )
        ]
        if all(keep):
            continue
        left = rows.filter(pa.array(keep))
        removed += len(keep) - left.num_rows
        supersede_file(
            home,
            record,
            room="quarantine",
            resource=name,
            reason=ERASURE,
            write=partial(write_quarantine, rows=left.to_pylist()),
        )
    return removed


def _is_to_go(
    sealed: dict[str, Any], tombstones: Tombstones, possible: PossibleNames, referred: set[str]
) -> bool:
    """Whether a record of the vault goes: a row that names somebody forgotten, a value that no row refers to."""
    match sealed["kind"]:
        case "row":
            return bool(tombstones.among(possible.of(sealed["row"])))
        case "identifier":
            return sealed["token"] not in referred
        case _:
            return sealed["owner"] not in referred
