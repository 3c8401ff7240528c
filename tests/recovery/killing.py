"""Backups and restores in processes of their own, some of which die with kill -9 just before their n-th change."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from siyu.recovery import back_up, restore
from siyu.settings import Home, Settings
from tests.publication import processes

KILLED = processes.KILLED


def changes(action: Callable[..., None], world: Path, told: Path) -> int:
    """How many changes below `world` an undisturbed action makes."""
    assert processes.run(action, world, None, told) == 0
    return int(told.read_text(encoding="utf-8"))


def take_backup(world: Path, die_before: int | None, told: Path | None = None) -> None:
    """Back up `world/home` to `world/backups`."""
    count = _watch(world, die_before)
    back_up(Home(world / "home"), Settings(), world / "backups")
    if told:
        told.write_text(str(count()), encoding="utf-8")


def bring_back(world: Path, die_before: int | None, told: Path | None = None) -> None:
    """Restore the only backup in `world/backups` to `world/there/home`."""
    count = _watch(world, die_before)
    (backup,) = (world / "backups").glob("2*")
    restore(backup, Home(world / "there" / "home"))
    if told:
        told.write_text(str(count()), encoding="utf-8")


def _watch(world: Path, die_before: int | None) -> Callable[[], int]:
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if processes.changes_something(event, arguments, str(world)):
            seen += 1
            if seen == die_before:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return lambda: seen
