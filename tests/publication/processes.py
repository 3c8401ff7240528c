"""Publishing in processes of their own, some of which die with kill -9 just before their n-th change to the disk."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from siyu.clock import utc_now
from siyu.landing.personal import rotate_master_key
from siyu.publication import maintain, publish_candidate, rollback
from siyu.settings import Home, Settings

KILLED = -signal.SIGKILL
_CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


def forks() -> ForkServerContext:
    """A context whose processes start fast: siyu, and what DuckDB imports by itself, is imported once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "__main__",
            "pytest",
            "pandas",
            "pyarrow.dataset",
            "siyu.publication",
            "siyu.publication.postgres.target",
        ]
    )
    return context


def run(action: Callable[..., Any], *arguments: Any) -> int:
    """Exit code of an action in a process of its own; -9 when it was killed."""
    process = start(action, *arguments)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def start(action: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """Start an action in a process of its own."""
    process = forks().Process(target=_act, args=(dict(os.environ), action, *arguments))
    process.start()
    return process


def _act(environment: dict[str, str], action: Callable[..., Any], *arguments: Any) -> None:
    # the server of forks keeps the environment of the test that started it
    os.environ.clear()
    os.environ.update(environment)
    action(*arguments)


def publish(root: Path, run_id: str, die_before: int | None = None) -> None:
    """Publish a run's candidate."""
    _kill_before(die_before, root)
    publish_candidate(Home(root), Settings(), run_id)


def roll_back(root: Path, publication_id: int, die_before: int | None = None) -> None:
    """Bring a publication back."""
    _kill_before(die_before, root)
    rollback(Home(root), Settings(), publication_id, by="li.na", reason="wrong prices")


def clean_up(root: Path, die_before: int | None = None) -> None:
    """Keep one publication, whatever its age."""
    _kill_before(die_before, root)
    maintain(Home(root), Settings(keep_publications=1, reader_grace_hours=0), now=utc_now())


def rotate_keys(root: Path, die_before: int | None = None) -> None:
    """Put a new master key in the place of the old one."""
    _kill_before(die_before, root)
    rotate_master_key(Home(root))


def _kill_before(change: int | None, root: Path) -> None:
    """Die by SIGKILL just before the n-th change (1-based) that this process makes below `root`.

    Python tells an audit hook of every rename, link, removal, new folder and file opened for writing; what
    DuckDB writes between two of them shows in that the process dies with the file written and not yet renamed.
    """
    if change is None:
        return
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if not changes_something(event, arguments, str(root)):
            return
        seen += 1
        if seen == change:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def changes_something(event: str, arguments: tuple[Any, ...], root: str) -> bool:
    if event not in _CHANGES and event != "open":
        return False
    path = str(arguments[0])
    if not path.startswith(root):
        return False
    if event == "open":
        return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if event in {"os.remove", "os.rmdir"}:
        return os.path.lexists(path)
    return event != "os.mkdir" or not os.path.lexists(path)


def every_kill_point(
    action: Callable[..., Any], prepare: Callable[[int], tuple[Path, tuple[Any, ...]]], limit: int = 200
) -> list[Path]:
    """Kill the action before its 1st, 2nd, 3rd … change, each in a home of its own, until it gets through.

    `prepare` makes a home and the arguments after it. Returns the homes in which it was killed.
    """
    killed = []
    for change in range(1, limit):
        root, arguments = prepare(change)
        code = run(action, root, *arguments, change)
        if code != KILLED:
            assert code == 0, f"failed at change {change}"
            return killed
        killed.append(root)
    pytest.fail(f"still not through after {limit} changes")
