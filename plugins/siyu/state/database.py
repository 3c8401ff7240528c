"""The SQLite database of a home, `state/state.db`: one file, opened the same way by every table's module.

Here: where it is and how it is opened. Not here: its tables (audit_log, outbox, tokens, checkpoints).
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from siyu.settings import Home
from siyu.storage import PRIVATE_FILE, make_folder

_BUSY_MILLISECONDS = 10_000
_PAUSE_SECONDS = 0.01


def database_file(home: Home) -> Path:
    """Where it is, once something has been written."""
    return home.state / "state.db"


@contextmanager
def opened(home: Home, create: str) -> Iterator[sqlite3.Connection]:
    """A connection to the database, private to its owner, after the statements that `create` the caller's tables.

    What is committed is on disk; another process that writes is waited for, ten seconds at most.
    """
    make_folder(home.state)
    path = database_file(home)
    path.touch(mode=PRIVATE_FILE)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"pragma busy_timeout = {_BUSY_MILLISECONDS:d}")
        _keep_a_write_ahead_log(connection)
        connection.execute("pragma synchronous = full")
        connection.executescript(create)
        yield connection


def _keep_a_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Turn it on where it is not; SQLite itself does not wait for another process that is just making the database."""
    deadline = time.monotonic() + _BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
