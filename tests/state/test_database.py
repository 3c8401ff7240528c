"""The database of a home while several processes make it."""

import sqlite3
import threading

import pytest

from siyu.settings import Home
from siyu.state import database
from siyu.state.database import database_file, opened

NOTES = "create table if not exists notes (text)"


def begin_to_write(home: Home) -> sqlite3.Connection:
    """Another process is in the middle of the first change of a database that has no write-ahead log yet."""
    home.state.mkdir(parents=True, exist_ok=True)
    other = sqlite3.connect(database_file(home), isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    return other


def test_who_opens_a_database_that_another_is_just_making_waits(home: Home) -> None:
    other = begin_to_write(home)
    release = threading.Timer(0.3, other.execute, ["commit"])
    release.start()
    with opened(home, NOTES) as connection:
        connection.execute("insert into notes values ('here')")
        connection.commit()
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    release.join()
    other.close()


def test_a_database_that_stays_locked_is_not_waited_for_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 200)
    other = begin_to_write(home)
    with pytest.raises(sqlite3.OperationalError, match="locked"), opened(home, NOTES):
        pass
    other.close()
