"""Staging folders: where a living process puts what is not finished yet, and what removes those of dead ones.

Here: making, locking and sweeping them. Not here: what is in them.

A folder is locked for as long as its process lives; it is made and locked, and swept, under one short lock, so that
no sweep sees one that is made but not locked yet.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from secrets import token_hex

from siyu.settings import Home, Settings
from siyu.state.locks import Holder, hold
from siyu.storage import make_folder

LOCK_NAME = "staging.lock"


@contextmanager
def staging_folder(home: Home, settings: Settings, name: str) -> Iterator[Path]:
    """An empty folder of our own, private to its owner, until the block ends; its name starts with `name`.

    Raises:
        LockedError: Another process made or swept folders for longer than `lock_wait_seconds`.
    """
    folder = home.staging / f"{name}-{os.getpid()}-{token_hex(4)}"
    with _staging_lock(home, settings, run_id=name):
        make_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep_staging(home: Home, settings: Settings) -> None:
    """Remove the staging folders of dead processes.

    Raises:
        LockedError: As `staging_folder`.
    """
    if not home.staging.is_dir() or not any(home.staging.iterdir()):
        return
    with _staging_lock(home, settings, run_id="sweep"):
        for folder in home.staging.iterdir():
            try:
                descriptor = os.open(folder, os.O_RDONLY)
            except FileNotFoundError:
                continue  # its owner finished just now
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # its owner is alive
            else:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _staging_lock(home: Home, settings: Settings, *, run_id: str) -> AbstractContextManager[Holder]:
    return hold(home.state / LOCK_NAME, run_id=run_id, wait_seconds=settings.lock_wait_seconds)
