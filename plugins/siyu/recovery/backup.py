"""A consistent copy of what a home cannot make again, while nights and landings go on.

Here: what is copied, in which order, under which locks; the form of a backup. Not here: bringing it back (restore).

Files of a home are never edited: they are written beside and renamed. A hard link taken under the lock of a file's
writers is therefore a picture of that moment. The links go to a staging folder laid out like a home; what takes
long, hashing and copying, is done from there without any lock. Each lock is held for as long as linking takes.
(Journals are appended to, the database is SQLite's: both are copied.)

What is linked later holds at least all that the earlier refers to: publications, then state (a hold has its entry in
the audit log), then what landed (a publication has its loads, with their files), then keys.

A backup is a folder `DIR/<moment>/` with `backup.json` and, laid out like a home, `home/`. It is made in a folder
whose name starts with a dot, `backup.json` last, and renamed: no other folder is ever taken for a backup. Files that
have not changed since the backup before are hard links to it, never to the home, whose damage they shall not share.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from siyu import __version__
from siyu.clock import utc_now
from siyu.errors import DamagedFileError, EnvironmentFaultError, UsageError
from siyu.landing.personal import KEYS_LOCK
from siyu.landing.records import live, read_records
from siyu.landing.register import LOCK_NAME as LANDING_LOCK
from siyu.publication.manifest import read_manifest
from siyu.publication.records import LOCK_NAME as PUBLISH_LOCK
from siyu.publication.records import RECORD
from siyu.settings import HOME_VERSION, Home, Settings
from siyu.state.locks import Holder, hold
from siyu.state.staging import staging_folder, sweep_staging
from siyu.storage import PRIVATE_FILE, fsync_path, make_folder, sha256_of, write_json

BACKUP = "backup.json"
CONTENT = "home"
FORMAT = 1
PUBLICATIONS, KEYS = "publications", "keys"
STATE = ("state", "siyu.yml", "channels.yml", "version")
LANDED = ("raw", "quarantine", "vault", "history")
RUNS = "runs"
ROOMS = (PUBLICATIONS, *STATE, RUNS, *LANDED, KEYS)

_RUN_ID = "backup"
_DATABASE = "state.db"
_JOURNALS = ("steps.jsonl", "build.json")  # what the table run_log is made from
# what is being written; locks; the database; the seal on verdicts, made anew with the next one
_LEFT_OUT = re.compile(rf"\..*|.*\.lock|{re.escape(_DATABASE)}.*|verdict\.key")
_NAME = "%Y%m%dT%H%M%S.%fZ"
_NAMES = "[0-9]*Z"


@dataclass(frozen=True, kw_only=True)
class CopiedFile:
    """What the bytes of a file in the backup must be."""

    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Backup:
    """The content of backup.json."""

    made_at: datetime  # aware, UTC
    home: str  # where it was taken
    home_version: int
    siyu_version: str
    publication_id: int | None  # the greatest whose files are in the backup
    loads: int
    has_keys: bool
    damaged: tuple[str, ...]  # what differed in the home already from what was registered there
    files: dict[str, CopiedFile]  # by name relative to the home
    checksum: str = ""  # SHA-256 over all of the above
    format: int = field(default=FORMAT)

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files.values())


@dataclass(frozen=True, kw_only=True)
class MadeBackup:
    """What making a backup came to."""

    folder: Path
    publication_id: int | None
    loads: int
    has_keys: bool
    files: int
    bytes: int
    new_files: int  # copied; the others are links to the backup before
    new_bytes: int
    seconds: float
    locked_seconds: float  # the longest that any lock was held
    damaged: tuple[str, ...]


_FORM = TypeAdapter(Backup)


def back_up(home: Home, settings: Settings, target: Path, *, with_keys: bool = True) -> MadeBackup:
    """Make `target/<moment>/`, a copy from which `restore` makes this home again.

    Landings, builds and publications go on meanwhile. What is damaged in the home already is copied as it is and
    named in `damaged`: an older backup may still have it whole.

    Args:
        home: The home.
        settings: How long to wait for a lock.
        target: Folder of backups, outside the home; made when absent.
        with_keys: Whether the folder `keys` goes along. Without it nobody can open the vault of the backup, and a
            restored home cannot land before its keys are put back.

    Raises:
        UsageError: `target` lies inside the home.
        LockedError: Another process is backing up to `target`, or held one of the home's locks for too long.
        EnvironmentFaultError: The disk is full or cannot be written. There is no new backup.
    """
    started = time.monotonic()
    target = target.expanduser().resolve()
    if target.is_relative_to(home.root):
        raise UsageError(
            f"{target} lies inside the home", expected="another place, best on another disk", do="name it"
        )
    try:
        make_folder(target)
        sweep_staging(home, settings)
        with (
            hold(target / "backup.lock", run_id=_RUN_ID, wait_seconds=settings.lock_wait_seconds),
            staging_folder(home, settings, _RUN_ID) as pinned,
        ):
            for leftover in target.glob(".*.tmp"):  # of a process that was killed right here
                shutil.rmtree(leftover)
            made_at = utc_now()
            locked_seconds = _pin(home, settings, pinned, with_keys=with_keys)
            staged = make_folder(target / f".{made_at.strftime(_NAME)}.tmp")
            try:
                files, copied = _copy(pinned, staged, before=_newest(target))
                backup = _described(home, Home(pinned), files, made_at)
                write_json(staged / BACKUP, _FORM.dump_python(backup, mode="json"))
                folder = target / made_at.strftime(_NAME)
                staged.rename(folder)
                fsync_path(target)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
    except OSError as fault:
        raise EnvironmentFaultError(
            f"the backup could not be written to {target} ({fault.strerror or type(fault).__name__})",
            expected="a folder that can be written, with room for what changed since the last backup",
            do="make room or name another folder, and run it again; older backups stand",
        ) from fault
    return MadeBackup(
        folder=folder,
        publication_id=backup.publication_id,
        loads=backup.loads,
        has_keys=backup.has_keys,
        files=len(files),
        bytes=backup.bytes,
        new_files=len(copied),
        new_bytes=sum(files[name].bytes for name in copied),
        seconds=round(time.monotonic() - started, 3),
        locked_seconds=round(locked_seconds, 4),
        damaged=backup.damaged,
    )


def read_backup(folder: Path) -> Backup:
    """What a backup says about itself.

    Raises:
        UsageError: The folder is no backup, or a newer siyu made it.
        DamagedFileError: backup.json is not as it was written.
    """
    path = folder / BACKUP
    if folder.name.startswith(".") or not path.is_file():
        whole = ", ".join(found.name for found in _backups(folder)) if folder.is_dir() else ""
        raise UsageError(
            f"{folder} is no whole backup",
            expected=f"a folder with {BACKUP}" + (f", such as one of: {whole}" if whole else ""),
            do="name a folder that siyu backup made",
        )
    try:
        content = json.loads(path.read_bytes())
        newest = max(int(content["format"]) - FORMAT, int(content["home_version"]) - HOME_VERSION)
        if newest > 0:
            raise UsageError(
                f"{folder} was made by siyu {content['siyu_version']}, of a home of version {content['home_version']}",
                expected=f"version {HOME_VERSION} or older",
                do="use the siyu that made it, or a newer one",
            )
        backup = _FORM.validate_python(content)
    except (ValueError, KeyError, TypeError, ValidationError) as fault:
        raise _torn(path, type(fault).__name__) from None
    if backup.checksum != _checksum(backup):
        raise _torn(path, "its checksum differs")
    return backup


def _pin(home: Home, settings: Settings, pinned: Path, *, with_keys: bool) -> float:
    """Link or copy everything into `pinned`; returns the longest time, in seconds, that a lock was held."""

    def locked(lock_name: str) -> AbstractContextManager[Holder]:
        return hold(home.state / lock_name, run_id=_RUN_ID, wait_seconds=settings.lock_wait_seconds)

    held = []
    with locked(PUBLISH_LOCK):
        started = time.monotonic()
        _link_room(home, pinned, PUBLICATIONS)
        held.append(time.monotonic() - started)
    for room in STATE:
        _link_room(home, pinned, room)
    for name in _JOURNALS:
        for path in home.runs.glob(f"*/{name}"):
            _take(path, pinned / path.relative_to(home.root))
    _copy_database(home.state / _DATABASE, pinned / "state" / _DATABASE)
    with locked(LANDING_LOCK):
        started = time.monotonic()
        for room in LANDED:
            _link_room(home, pinned, room)
        held.append(time.monotonic() - started)
    if with_keys:
        with locked(KEYS_LOCK):
            _link_room(home, pinned, KEYS)
    return max(held)


def _link_room(home: Home, pinned: Path, room: str) -> None:
    place = home.root / room
    for path in [place] if place.is_file() else _files_below(place):
        _take(path, pinned / path.relative_to(home.root))


def _take(path: Path, copy: Path) -> None:
    """A hard link; a copy where the file system has none, of a journal, and of what a link (a mounted secret) names."""
    make_folder(copy.parent)
    if not path.is_symlink() and path.name not in _JOURNALS:
        with suppress(OSError):
            os.link(path, copy)
            return
    shutil.copyfile(path, copy)


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if not _LEFT_OUT.fullmatch(name))


def _copy_database(database: Path, copy: Path) -> None:
    """A whole copy of a database that others may be writing to; nothing when there is none."""
    if not database.exists():
        return
    make_folder(copy.parent)
    copy.touch(mode=PRIVATE_FILE)
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except sqlite3.DatabaseError as fault:
        raise DamagedFileError(
            f"{database} cannot be read ({type(fault).__name__})",
            expected="a SQLite database",
            do="put back state/state.db of an older backup, then back up again",
        ) from fault


def _copy(pinned: Path, staged: Path, *, before: Path | None) -> tuple[dict[str, CopiedFile], list[str]]:
    """Copy every pinned file, or link it where the backup before has the same bytes; all files, and the copied ones."""
    files, copied = {}, []
    for path in sorted(_files_of(pinned)):
        name = path.relative_to(pinned).as_posix()
        files[name] = CopiedFile(sha256=sha256_of(path), bytes=path.stat().st_size)
        copy = staged / CONTENT / name
        make_folder(copy.parent)
        if before is None or not _linked(before / CONTENT / name, copy, files[name]):
            shutil.copyfile(path, copy)
            copy.chmod(PRIVATE_FILE)
            fsync_path(copy)
            copied.append(name)
    for folder in {staged, *(path.parent for path in staged.rglob("*"))}:
        fsync_path(folder)
    return files, copied


def _files_of(pinned: Path) -> Iterator[Path]:
    return (path for path in pinned.rglob("*") if path.is_file())


def _linked(old: Path, copy: Path, wanted: CopiedFile) -> bool:
    """Whether the older backup still has these very bytes and could lend them."""
    with suppress(OSError):
        if not old.is_symlink() and old.stat().st_size == wanted.bytes and sha256_of(old) == wanted.sha256:
            os.link(old, copy)
            return True
    return False


def _newest(target: Path) -> Path | None:
    return max(_backups(target), default=None)


def _backups(target: Path) -> list[Path]:
    return sorted(path.parent for path in target.glob(f"{_NAMES}/{BACKUP}"))


def _described(home: Home, pinned: Home, files: dict[str, CopiedFile], made_at: datetime) -> Backup:
    present = [path.parent.name for path in pinned.publications.glob(f"[0-9]*/{RECORD}")]
    backup = Backup(
        made_at=made_at,
        home=str(home),
        home_version=int(pinned.version_file.read_text(encoding="utf-8")),
        siyu_version=__version__,
        publication_id=int(max(present)) if present else None,
        loads=len(list(pinned.loads.glob("*.json"))),
        has_keys=any(name.startswith(f"{KEYS}/") for name in files),
        damaged=tuple(_damage(pinned, files)),
        files=files,
    )
    return replace(backup, checksum=_checksum(backup))


def _checksum(backup: Backup) -> str:
    content = _FORM.dump_python(replace(backup, checksum=""), mode="json")
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _damage(pinned: Home, files: dict[str, CopiedFile]) -> Iterator[str]:
    """Files that records and manifests of the home name, and that are missing or have other bytes."""
    registered: dict[str, str] = {}
    try:
        for record in live(read_records(pinned)):
            registered |= {stored.file: stored.sha256 for stored in record.files}
    except DamagedFileError as fault:
        yield fault.found
    for folder in sorted(path.parent for path in pinned.publications.glob(f"[0-9]*/{RECORD}")):
        try:
            tables = read_manifest(folder).tables.values()
        except DamagedFileError:
            yield f"{PUBLICATIONS}/{folder.name}/manifest.json"
            continue
        registered |= {f"{PUBLICATIONS}/{folder.name}/{table.file}": table.sha256 for table in tables}
    for name, sha256 in registered.items():
        if name not in files or files[name].sha256 != sha256:
            yield name


def _torn(path: Path, how: str) -> DamagedFileError:
    return DamagedFileError(
        f"{path} is not as it was written ({how})",
        expected="the JSON that siyu backup wrote",
        do="restore another backup",
    )
