"""Locks that the operating system guards: released when their holder ends, however it ends.

Here: one exclusive lock per lock file, with the name of its holder. Not here: what a lock protects.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from siyu.clock import utc_now
from siyu.errors import LockedError, RefusedError
from siyu.storage import PRIVATE_FILE, make_folder

_PAUSE_SECONDS = 0.05
_UNSIGNED_SECONDS = 1.0  # who has just taken a lock, or is letting it go, has no name on it for a moment


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a lock: process id on this host, run, and since when (ISO 8601, UTC)."""

    pid: int
    run: str
    since: str


@contextmanager
def hold(lock_file: Path, *, run_id: str, wait_seconds: float) -> Iterator[Holder]:
    """Hold an exclusive lock while the block runs; a killed holder releases it at once.

    The lock belongs to the open file, so two threads of one process exclude each other too, and holding the
    same lock twice in one process waits for itself. The lock file stays when the lock is released: deleting it
    would let two callers lock two different files of the same name.

    Args:
        lock_file: File of this lock; it is created (mode 0600) with its folder when absent.
        run_id: What the waiting caller is told about the holder.
        wait_seconds: How long to wait; 0 waits only for a holder that has not signed yet, a second at most.

    Raises:
        LockedError: The lock was still held at the end; the message names pid, run and since when.
    """
    make_folder(lock_file.parent)
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        _acquire(file, lock_file, wait_seconds)
        holder = Holder(pid=os.getpid(), run=run_id, since=utc_now().isoformat(timespec="seconds"))
        try:
            _write(file, asdict(holder))
            yield holder
        finally:
            _write(file, None)
            fcntl.flock(file, fcntl.LOCK_UN)


def check_held(lock_file: Path, holder: Holder) -> None:
    """Whether a lock file still is the one that its holder signed.

    A process may have been frozen while somebody removed its lock file and took the lock; it must not go on.

    Raises:
        RefusedError: The file is gone or bears another signature.
    """
    if (found := _read(lock_file)) == holder:
        return
    now = f"process {found.pid} (run {found.run}, since {found.since})" if found else "nobody"
    raise RefusedError(
        f"{lock_file.name} was taken from run {holder.run}; it is now held by {now}",
        expected="to hold it to the end",
        do="see siyu status; run the same command again if its result is still wanted",
    )


def _acquire(file: IO[str], lock_file: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            remaining = deadline - time.monotonic()
            if remaining <= 0 and ((holder := _read(lock_file)) or remaining <= -_UNSIGNED_SECONDS):
                raise _locked(lock_file, holder, wait_seconds) from None
        time.sleep(min(remaining, _PAUSE_SECONDS) if remaining > 0 else _PAUSE_SECONDS)


def _locked(lock_file: Path, holder: Holder | None, wait_seconds: float) -> LockedError:
    who = f"process {holder.pid} (run {holder.run}, since {holder.since})" if holder else "another process"
    return LockedError(
        f"{lock_file.name} is held by {who}",
        expected=f"it to be free within {wait_seconds:g} s",
        do="wait for that run to end, or end it if it hangs; the lock goes with it",
    )


def _write(file: IO[str], content: dict[str, object] | None) -> None:
    file.seek(0)
    file.truncate()
    if content is not None:
        file.write(json.dumps(content))
    file.flush()


def _read(lock_file: Path) -> Holder | None:
    try:
        content = json.loads(lock_file.read_text(encoding="utf-8"))
        return Holder(pid=int(content["pid"]), run=str(content["run"]), since=str(content["since"]))
    except (
        FileNotFoundError,
        ValueError,
        KeyError,
        TypeError,
    ):  # released or half signed at this very moment
        return None
