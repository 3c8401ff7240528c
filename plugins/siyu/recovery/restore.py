"""A home made from a backup: whole or not at all, and every byte of it checked before and after.

Here: the checks, the copy, the rename. Not here: the form of a backup (backup).

The home is made in a folder beside its place, `.<name>.restore.tmp`, up to the file that readers open, and renamed.
Cut off before the rename, there is no home, and the next restore starts over; after it, the home is whole.
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from siyu.errors import DamagedFileError, EnvironmentFaultError, LockedError, UsageError
from siyu.publication.records import (
    RECORD,
    Hold,
    current_hold,
    publication_folder,
    publication_log,
    read_record,
)
from siyu.publication.serving import serve, served_id, stage_serving
from siyu.recovery.backup import BACKUP, CONTENT, PUBLICATIONS, ROOMS, Backup, CopiedFile, read_backup
from siyu.settings import Home, load_settings
from siyu.storage import PRIVATE_FILE, fsync_path, inside, make_folder, sha256_of

_PART = r"[^/\x00]+"
_NAME = re.compile(f"{_PART}(/{_PART})*")


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What stands in the restored home."""

    home: str
    made_at: datetime  # when the backup was taken; aware, UTC
    files: int
    bytes: int
    loads: int
    publication_id: int | None  # None: nothing had been published
    as_of_date: date | None
    served_id: int | None  # what marts.duckdb shows; None: its publication is damaged
    hold: Hold | None
    has_keys: bool
    damaged: tuple[str, ...]  # was damaged in the home already when the backup was taken
    seconds: float


def restore(folder: Path, home: Home) -> Restored:
    """Make a home from a backup, and the file that readers open from its newest publication.

    Args:
        folder: One backup, `DIR/<moment>`.
        home: A place where nothing is, or an empty folder.

    Raises:
        UsageError: The folder is no whole backup, a newer siyu made it, it names a file outside itself, or something
            is at the place of the home already.
        DamagedFileError: A file of the backup is missing or differs; the message names it.
        LockedError: Another process restores to this place.
        EnvironmentFaultError: The disk is full or cannot be written.
        After any of them the place of the home is as it was.
    """
    started = time.monotonic()
    folder = folder.expanduser().resolve()
    backup = read_backup(folder)
    sources = {name: _source(folder, name) for name in backup.files}
    _refuse_occupied(home)
    for name, path in sources.items():
        _check(path, backup.files[name])
    try:
        with _beside(home) as staged:
            _fill(staged, backup, sources)
            staged.create()
            _show(staged, backup)
            for path in (staged.root, *(path for path in staged.root.rglob("*") if path.is_dir())):
                fsync_path(path)
            _refuse_occupied(home)
            staged.root.rename(home.root)  # gives way only to an empty folder
            fsync_path(home.root.parent)
    except OSError as fault:
        raise EnvironmentFaultError(
            f"{home} could not be written ({fault.strerror or type(fault).__name__})",
            expected=f"a place that can be written, with room for {backup.bytes:,} bytes and one copy of the marts; "
            "no mount point (name a folder in it)",
            do="make room or name another place, and run the same command again",
        ) from fault
    return _stands(home, backup, seconds=round(time.monotonic() - started, 3))


def _source(folder: Path, name: str) -> Path:
    """Where a file of a backup lies.

    Raises:
        UsageError: The name leads out of the backup, goes through a link, or is no place of a home's file.
    """
    content = folder / CONTENT
    parts = name.split("/")
    is_plain = _NAME.fullmatch(name) and not {".", ".."} & set(parts) and parts[0] in ROOMS
    if not is_plain or inside(content, name) != content / name:
        raise UsageError(
            f"the file name {name!r} in {folder / BACKUP} leads out of the backup",
            expected=f"a plain relative name in one of {', '.join(ROOMS)}",
            do="restore another backup",
        )
    return content / name


def _check(path: Path, wanted: CopiedFile) -> None:
    found = sha256_of(path) if path.is_file() else "no file"
    if found != wanted.sha256:
        raise DamagedFileError(
            f"{path} has SHA-256 {found}", expected=wanted.sha256, do="restore another backup"
        )


def _refuse_occupied(home: Home) -> None:
    if home.root.is_dir() and not any(home.root.iterdir()):
        return
    if os.path.lexists(home.root):
        raise UsageError(
            f"{home} is not empty",
            expected="a place where nothing is",
            do="name another --home, or move what is there away",
        )


@contextmanager
def _beside(home: Home) -> Iterator[Home]:
    """An empty folder beside the place of the home, ours until the block ends; it is then removed, or renamed."""
    make_folder(home.root.parent)
    folder = home.root.parent / f".{home.root.name}.restore.tmp"
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not folder.exists() or not os.path.samestat(folder.stat(), os.fstat(descriptor)):
            raise BlockingIOError  # another restore finished between opening and locking
    except BlockingIOError:
        os.close(descriptor)
        raise LockedError(
            f"another process restores to {home}",
            expected="one at a time",
            do="wait for it to end; the lock goes with it",
        ) from None
    try:
        for leftover in folder.iterdir():  # of a restore that was cut off
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield Home(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _fill(staged: Home, backup: Backup, sources: dict[str, Path]) -> None:
    for name, source in sources.items():
        copy = staged.root / name
        make_folder(copy.parent)
        shutil.copyfile(source, copy)
        copy.chmod(PRIVATE_FILE)
        fsync_path(copy)
    for name, wanted in backup.files.items():
        _check(staged.root / name, wanted)


def _show(staged: Home, backup: Backup) -> None:
    """Make the file that readers open, unless the publication it is made from was damaged in the home already.

    PostgreSQL is left alone: it may be newer than the backup. The next publication brings both to one.
    """
    if backup.publication_id is None:
        return
    folder = publication_folder(staged, backup.publication_id)
    if any(name.startswith(f"{PUBLICATIONS}/{folder.name}/") for name in backup.damaged):
        return
    files = stage_serving(staged, load_settings(staged), folder, publication_log(staged))
    serve(staged, files, backup.publication_id)


def _stands(home: Home, backup: Backup, *, seconds: float) -> Restored:
    current = None
    if backup.publication_id is not None:
        current = read_record(publication_folder(home, backup.publication_id) / RECORD)
    return Restored(
        home=str(home),
        made_at=backup.made_at,
        files=len(backup.files),
        bytes=backup.bytes,
        loads=backup.loads,
        publication_id=backup.publication_id,
        as_of_date=current.as_of_date if current else None,
        served_id=served_id(home),
        hold=current_hold(home),
        has_keys=backup.has_keys,
        damaged=backup.damaged,
        seconds=seconds,
    )
