"""Load records: what has landed, file by file, and which of it counts.

Here: the record, its JSON form, reading all of them, checking the files they name. Not here: writing the files.

A load is *live* until a later load of the same bytes, read by another revision of the same mapping, replaces it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from siyu.errors import DamagedFileError, UsageError
from siyu.landing.batch import Source
from siyu.resources import RESOURCES, Resource
from siyu.settings import Home
from siyu.storage import inside, sha256_of, write_json

FORMAT_VERSION = 1
_LOAD_ID_LENGTH = 16
_LOAD_ID = re.compile(r"[0-9a-f]{16}")
_RECORD_NAME = re.compile(r"(\d{8,})-([0-9a-f]{16})\.json")
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+")
_ROOMS = ("raw", "quarantine", "vault")
_CHANNEL = _RESOURCE = re.compile(r"[a-z][a-z0-9_]*")
FILES_CHANNEL = "files"
_LEFT_OUT = Field(exclude_if=lambda value: value is None)
_KEPT_PARSED = 20_000  # records: a year of the streams of an account of each platform


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A registered file: its name relative to the home, and what its bytes must be.

    `is_shared`: rows of other loads are in it too (compaction), told apart by `_load_id`.
    """

    file: str
    sha256: str
    bytes: int
    rows: int
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Where the rows of a source went: read = elsewhere + landed + unchanged + quarantined + erased."""

    read: int
    elsewhere: int
    landed: int
    unchanged: int
    quarantined: int
    erased: int = 0  # of persons who were forgotten before
    excluded: dict[str, int] = field(default_factory=dict)  # part of landed, by reason
    quarantine_reasons: dict[str, int] = field(default_factory=dict)

    @property
    def is_conserved(self) -> bool:
        """Whether no row is lost and none counted twice."""
        kept = self.landed + self.unchanged + self.quarantined
        return self.read == self.elsewhere + kept + self.erased


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How the rows of a source differed from what their resource declares: field, what about it, how often."""

    resource: str
    field: str  # path in the source
    what: str  # added, appeared, missing, null, new_value, or the reason of quarantine that it led to
    rows: int


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What reading a window took."""

    calls: int = 0  # requests that left, retries and token requests included
    retries: int = 0
    refreshes: int = 0  # of the token
    waited_seconds: float = 0.0  # for the rate limit, in back-off and for quotas; sum over threads
    rows: int = 0
    bytes: int = 0  # of decoded bodies


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How a window of an API was read. Moments are aware, UTC; the window is half-open."""

    account: str
    stream: str
    window_start: datetime
    window_end: datetime
    observed_at: datetime  # when the reading began, also where a killed one was resumed
    is_complete: bool  # every page was read, and as many items came as were announced
    announced: int | None  # items, as the source last said; None when it does not say
    items: int  # distinct items read
    pages: int
    skipped: int = 0  # items that the source refused one by one
    notes: tuple[str, ...] = ()  # what was odd about the pages
    drift: tuple[Drift, ...] = ()
    calls: Calls = Calls()


@dataclass(frozen=True, kw_only=True)
class LandedResource:
    """What one load brought to one resource; no raw file when every row was known, elsewhere or quarantined.

    `declared`: what the resource was when it landed. Loads of files do not say: theirs are RESOURCES.
    """

    raw: StoredFile | None
    quarantine: StoredFile | None
    counts: Counts
    newest_at: datetime | None  # aware, UTC: latest time of business among its landed rows that count
    declared: Annotated[Resource | None, _LEFT_OUT] = None


@dataclass(frozen=True, kw_only=True)
class LoadRecord:
    """One registered load."""

    load_id: str
    sequence: int  # order of registration in this home, 1-based
    source: Source
    landed_at: datetime  # aware, UTC
    resources: dict[str, LandedResource]
    vault: StoredFile | None
    replaces: tuple[str, ...] = ()  # loads of the same bytes by an earlier revision of the mapping
    mends: tuple[str, ...] = ()  # loads whose quarantined rows this one has read again, `replaces` included
    extraction: Annotated[Extraction | None, _LEFT_OUT] = None  # of a window of an API

    @property
    def path(self) -> str:
        """Name of the record, relative to the home."""
        return f"raw/loads/{self.sequence:08d}-{self.load_id}.json"

    @property
    def files(self) -> Iterator[StoredFile]:
        """Every file the record names."""
        for resource in self.resources.values():
            yield from (stored for stored in (resource.raw, resource.quarantine) if stored)
        if self.vault:
            yield self.vault


_RECORD = TypeAdapter(LoadRecord)


def load_id_of(source: Source, *, revision: int = 0) -> str:
    """The id of a source's load: the same bytes under the same name by the same mapping give the same id.

    `revision` counts how often such a load has been replaced before (a mapping changed and changed back).
    """
    parts = (source.channel, source.sha256, source.mapping, source.mapping_sha256, source.name)
    text = "\x1f".join((*parts, str(FORMAT_VERSION), str(revision)))
    return sha256(text.encode()).hexdigest()[:_LOAD_ID_LENGTH]


def write_record(home: Home, record: LoadRecord) -> None:
    """Make a load visible: the last step of a landing."""
    write_json(home.root / record.path, _RECORD.dump_python(record, mode="json"))


def read_records(home: Home, *, but: frozenset[str] = frozenset()) -> tuple[LoadRecord, ...]:
    """All load records by sequence, replaced ones included; none in a home where nothing has landed.

    Args:
        home: The home.
        but: Load ids whose record may be damaged, since they are about to be landed again; damaged ones are left out.

    Raises:
        DamagedFileError: A record cannot be read.
        UsageError: A record names something outside its place in the home.
    """
    if not home.loads.is_dir():
        return ()
    found = []
    for path in home.loads.iterdir():
        if (name := _RECORD_NAME.fullmatch(path.name)) is None:
            continue
        try:
            found.append(_read(home, path, name))
        except DamagedFileError:
            if name.group(2) not in but:
                raise
    return tuple(sorted(found, key=lambda record: record.sequence))


def live(records: Iterable[LoadRecord]) -> tuple[LoadRecord, ...]:
    """The loads that count: those that no later one replaces."""
    records = tuple(records)
    replaced = {load_id for record in records for load_id in record.replaces}
    return tuple(record for record in records if record.load_id not in replaced)


def of_channel(records: Iterable[LoadRecord], channel: str) -> tuple[LoadRecord, ...]:
    """The loads of one channel, in their order."""
    return tuple(record for record in records if record.source.channel == channel)


def resources_of(records: Iterable[LoadRecord], channel: str) -> dict[str, Resource]:
    """The resources of a channel by name, as the newest load declares each; those of files are always the same."""
    if channel == FILES_CHANNEL:
        return RESOURCES
    return {
        name: landed.declared
        for record in of_channel(records, channel)
        for name, landed in record.resources.items()
        if landed.declared is not None
    }


def path_of(home: Home, stored: StoredFile) -> Path:
    """The path of a registered file.

    Raises:
        UsageError: The name is absolute, climbs out, goes through a link, or lies outside raw, quarantine and vault.
    """
    name = stored.file
    _check_name(home, name)
    path = inside(home.root, name)
    if path != home.root / name:
        raise _leads_out(home, name)
    return path


def verify(home: Home, record: LoadRecord, stored: StoredFile) -> Path:
    """The path of a registered file whose bytes are those that were registered.

    Raises:
        DamagedFileError: It is missing or differs; the message names file, load, source and what lands it again.
    """
    path = path_of(home, stored)
    if not path.is_file():
        raise damaged(record, stored, "is missing")
    if path.stat().st_size != stored.bytes or sha256_of(path) != stored.sha256:
        raise damaged(record, stored, "differs from what was registered")
    return path


def is_intact(home: Home, record: LoadRecord) -> bool:
    """Whether every file of a load is as it was registered."""
    try:
        for stored in record.files:
            verify(home, record, stored)
    except DamagedFileError:
        return False
    return True


def damaged(record: LoadRecord, stored: StoredFile, how: str) -> DamagedFileError:
    """The error for a registered file that cannot be trusted."""
    source = record.source
    is_file = source.channel == FILES_CHANNEL
    again = (
        f"siyu nightly --mapping <{source.mapping}> --path <folder>"
        if is_file
        else "extract its window again"
    )
    return DamagedFileError(
        f"{stored.file} of load {record.load_id} (source {source.name}, mapping {source.mapping}) {how}",
        expected=f"{stored.bytes} bytes with SHA-256 {stored.sha256[:12]}…",
        do=f"land {source.name} again, which rewrites it: {again}",
    )


def _read(home: Home, path: Path, name: re.Match[str]) -> LoadRecord:
    status = path.stat()
    record = _parsed(path, (status.st_ino, status.st_size, status.st_ctime_ns))
    known = resources_of([record], record.source.channel)
    unknown: list[Any] = [
        name for name in record.resources if name not in known or not _RESOURCE.fullmatch(name)
    ]
    if unknown or not _LOAD_ID.fullmatch(record.load_id) or not _CHANNEL.fullmatch(record.source.channel):
        raise UsageError(
            f"load record {path.name} names a resource, channel or load that this siyu does not know",
            expected=", ".join(RESOURCES),
            do="use the siyu that wrote it, or a newer one",
        )
    if (record.sequence, record.load_id) != (int(name.group(1)), name.group(2)):
        raise DamagedFileError(
            f"load record {path.name} is about load {record.load_id}", do="restore it from a backup"
        )
    for stored in record.files:
        _check_name(home, stored.file)  # links are looked for when the file is opened
    return record


@lru_cache(maxsize=_KEPT_PARSED)
def _parsed(path: Path, written: tuple[int, int, int]) -> LoadRecord:  # noqa: ARG001 - other bytes, other parse
    """The record in a file, parsed once per process: landing a window asks for all of them five times."""
    try:
        return _RECORD.validate_json(path.read_bytes())
    except ValidationError as error:
        raise DamagedFileError(
            f"load record {path.name} cannot be read ({error.error_count()} faults)",
            expected="the JSON that landing wrote",
            do="restore it from a backup, or land its source again",
        ) from None  # the details would repeat what is in the file


def _check_name(home: Home, name: str) -> None:
    room, *rest = name.split("/")
    plain = _FILE_NAME.fullmatch(name) and not {".", ".."} & set(rest)
    if not plain or room not in _ROOMS:
        raise _leads_out(home, name)


def _leads_out(home: Home, name: str) -> UsageError:
    return UsageError(
        f"the file name {name!r} in a load record leads out of raw, quarantine and vault of {home}",
        expected="a plain relative name inside them",
        do="restore the record that holds it from a backup",
    )
