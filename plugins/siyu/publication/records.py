"""What has been published: one folder per publication under `publications/`, numbered upwards, never edited.

Here: reading and numbering them, the lock, the hold. Not here: making one (publish), showing it (serving).

A publication that retention removed leaves its record `publications/<id>.json`, so that the log keeps all.
"""

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from siyu.errors import UsageError
from siyu.publication.manifest import Manifest, read_manifest
from siyu.settings import Home, Settings
from siyu.state.locks import Holder, check_held, hold
from siyu.storage import read_json, write_json

RECORD = "publication.json"
LOCK_NAME = "publish.lock"


@dataclass(frozen=True, kw_only=True)
class PublicationRecord:
    """The content of publication.json: one line of the log of publications."""

    id: int
    run_id: str
    as_of_date: date
    published_at: datetime  # aware, UTC
    restores: int | None  # the publication that a rollback brought back
    content_checksum: str

    @property
    def name(self) -> str:
        """The id as folders are named: six digits."""
        return f"{self.id:06d}"


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A publication whose files are there."""

    id: int
    run_id: str
    as_of_date: date
    published_at: datetime  # aware, UTC
    restores: int | None
    content_checksum: str
    load_ids: tuple[str, ...]
    code_revision: str
    rows: dict[str, int]  # per table
    folder: Path
    is_new: bool = False  # made by this call, rather than found


@dataclass(frozen=True, kw_only=True)
class PublicationSummary:
    """What a person is told of the publication that stands."""

    id: int
    as_of_date: date
    published_at: datetime  # aware, UTC
    restores: int | None
    rows: dict[str, int]  # per table


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Nothing new is published from a rollback until someone resumes."""

    since: datetime  # aware, UTC
    restores: int
    by: str
    reason: str


def publish_lock(home: Home, settings: Settings, *, run_id: str) -> AbstractContextManager[Holder]:
    """The lock of whoever changes publications or what is served; LockedError names its holder."""
    return hold(home.state / LOCK_NAME, run_id=run_id, wait_seconds=settings.lock_wait_seconds)


def check_publish_lock(home: Home, holder: Holder) -> None:
    """Whether this process still holds the publish lock; called just before each change that readers see.

    Raises:
        RefusedError: The lock file was removed or replaced, and somebody else may have published meanwhile.
    """
    check_held(home.state / LOCK_NAME, holder)


def publication_folder(home: Home, publication_id: int) -> Path:
    """Where the files of a publication lie."""
    return home.publications / f"{publication_id:06d}"


def publication_log(home: Home) -> list[PublicationRecord]:
    """Every publication there ever was, oldest first, also those that retention removed."""
    records = [*home.publications.glob(f"[0-9]*/{RECORD}"), *home.publications.glob("[0-9]*.json")]
    by_id = {record.id: record for record in map(read_record, records)}
    return [by_id[publication_id] for publication_id in sorted(by_id)]


def present_publications(home: Home) -> list[Publication]:
    """The publications whose files are there, oldest first."""
    folders = sorted(record.parent for record in home.publications.glob(f"[0-9]*/{RECORD}"))
    return [read_publication(folder) for folder in folders]


def current_publication(home: Home) -> Publication | None:
    """The publication with the greatest id, None before the first night."""
    folders = [record.parent for record in home.publications.glob(f"[0-9]*/{RECORD}")]
    return read_publication(max(folders)) if folders else None


def standing_publication(home: Home) -> Publication:
    """The publication with the greatest id.

    Raises:
        UsageError: Nothing has been published yet.
    """
    current = current_publication(home)
    if current is None:
        raise UsageError(f"nothing has been published in {home}", do="run a night first: siyu nightly")
    return current


def summarise(home: Home) -> PublicationSummary:
    """What stands published; UsageError where nothing does."""
    current = standing_publication(home)
    return PublicationSummary(
        id=current.id,
        as_of_date=current.as_of_date,
        published_at=current.published_at,
        restores=current.restores,
        rows=current.rows,
    )


def read_record(path: Path) -> PublicationRecord:
    """One publication.json."""
    content = read_json(path)
    return PublicationRecord(
        id=content["id"],
        run_id=content["run_id"],
        as_of_date=date.fromisoformat(content["as_of_date"]),
        published_at=datetime.fromisoformat(content["published_at"]),
        restores=content["restores"],
        content_checksum=content["content_checksum"],
    )


def write_record(path: Path, record: PublicationRecord) -> None:
    """Write one publication.json."""
    write_json(path, asdict(record) | {"published_at": record.published_at.isoformat()})


def read_publication(folder: Path) -> Publication:
    """A publication from its folder; DamagedFileError when its manifest cannot be read."""
    return as_publication(folder, read_record(folder / RECORD), read_manifest(folder))


def as_publication(
    folder: Path, record: PublicationRecord, manifest: Manifest, *, is_new: bool = False
) -> Publication:
    """A record and a manifest as one value."""
    return Publication(
        **asdict(record),
        load_ids=manifest.load_ids,
        code_revision=manifest.code_revision,
        rows={name: table.rows for name, table in manifest.models.items()},
        folder=folder,
        is_new=is_new,
    )


def current_hold(home: Home) -> Hold | None:
    """The hold of the last rollback, None when publishing is free."""
    if not hold_file(home).exists():
        return None
    content: Mapping[str, Any] = read_json(hold_file(home))
    return Hold(**{**content, "since": datetime.fromisoformat(content["since"])})


def write_hold(home: Home, new: Hold) -> None:
    """Hold back every publication from now on."""
    write_json(hold_file(home), asdict(new) | {"since": new.since.isoformat()})


def hold_file(home: Home) -> Path:
    """Its existence is the hold."""
    return home.publications / "hold.json"


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left half made (`.….tmp`); the caller holds the lock of this folder."""
    for leftover in folder.glob(".*.tmp"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()
    for log in folder.glob(".*.tmp.wal"):
        log.unlink()
