"""Publishing into PostgreSQL in processes of their own, with a fault just before their n-th side effect.

A side effect is a change to the disk below the home, or anything that is sent to PostgreSQL: each statement, each
piece of COPY, each commit.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import GeneratorType
from typing import Any

import psycopg

from siyu.errors import SiyuError
from siyu.publication import publish_candidate
from siyu.publication.postgres import VARIABLE
from siyu.settings import Home, Settings
from tests.postgres import Database, Server
from tests.publication import processes

SESSIONS = "from pg_stat_activity where datname = %s and application_name like 'siyu publish %%'"


def publish(root: Path, run_id: str, database: Database, point: int | None = None, fault: Any = None) -> None:
    """Publish a run's candidate; ends with the exit code of a command. `fault` is one of those below.

    Without a point, what happened in which order is written to `<root>.points`, one line each.
    """
    os.environ[VARIABLE] = database.publisher_uri
    passed = _watch(root, point, fault)
    try:
        publish_candidate(Home(root), Settings(lock_wait_seconds=10), run_id)
    except SiyuError as error:
        sys.exit(int(error.exit_code))
    finally:
        if point is None:
            root.with_suffix(".points").write_text("\n".join(passed))


def points(root: Path, run_id: str, database: Database) -> list[str]:
    """Publish undisturbed; what it did, in order."""
    assert processes.run(publish, root, run_id, database) == 0
    return root.with_suffix(".points").read_text().splitlines()


def kill() -> None:
    """As `kill -9` from outside."""
    os.kill(os.getpid(), signal.SIGKILL)


def freeze() -> None:
    """Stand still until somebody sends SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


class EndSession:
    """An administrator ends the publisher's session; the process goes on."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __call__(self) -> None:
        with psycopg.connect(self.database.admin_uri) as admin:
            admin.execute(f"select pg_terminate_backend(pid, 10000) {SESSIONS}", [self.database.name])


class Crash:
    """The server dies at once and comes back."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(self) -> None:
        self.server.stop("immediate")
        self.server.start()


def wait_until_frozen(process: BaseProcess) -> None:
    """Wait until a started process stands still; it must not end before."""
    for _ in range(6000):
        assert process.is_alive(), f"ended with {process.exitcode} before it came to its point"
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "T":
            return
        time.sleep(0.01)
    raise AssertionError("did not come to its point within a minute")


def _watch(root: Path, point: int | None, fault: Callable[[], None] | None) -> list[str]:
    passed: list[str] = []
    busy = False

    def pass_point(name: str) -> None:
        nonlocal busy
        if busy:
            return
        passed.append(name)
        if len(passed) == point and fault is not None:
            busy = True  # what the fault itself does is none of ours
            fault()
            busy = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if processes.changes_something(event, arguments, str(root)):
            pass_point(f"{event} {arguments[1] if event == 'os.rename' else arguments[0]}")

    sys.addaudithook(hook)
    plain_wait = psycopg.Connection.wait

    def wait(self: psycopg.Connection, generator: Any, *more: Any, **named: Any) -> Any:
        if isinstance(generator, GeneratorType):
            pass_point(f"postgres {generator.__name__}")
        else:
            pass_point("postgres copy")
        return plain_wait(self, generator, *more, **named)

    psycopg.Connection.wait = wait  # type: ignore[method-assign]
    return passed
