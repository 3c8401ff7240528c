"""The audit log keeps who, why and what, in order, for good."""

import sqlite3
import stat
import threading

import pytest

from siyu.errors import UsageError
from siyu.settings import Home
from siyu.state.audit_log import entries, record


def test_entries_come_back_in_order_with_all_they_were_given(home: Home) -> None:
    assert entries(home) == ()
    record(
        home,
        by="li",
        reason="误录'; drop table audit_log; --",
        action="quarantine.dismiss",
        details={"source_row": 7},
    )
    record(home, by="wang", reason="wrong night", action="rollback", details={"to": 3})
    assert [(entry.by, entry.action, entry.details) for entry in entries(home)] == [
        ("li", "quarantine.dismiss", {"source_row": 7}),
        ("wang", "rollback", {"to": 3}),
    ]
    assert [entry.by for entry in entries(home, action="rollback")] == ["wang"]
    assert entries(home)[0].reason.startswith("误录")
    assert entries(home)[0].at.utcoffset() is not None


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("li", "  ")])
def test_nobody_and_no_reason_are_refused(home: Home, by: str, reason: str) -> None:
    with pytest.raises(UsageError):
        record(home, by=by, reason=reason, action="rollback", details={})
    assert entries(home) == ()


def test_writers_at_once_lose_no_entry(home: Home) -> None:
    def work(name: str) -> None:
        for number in range(5):
            record(home, by=name, reason="r", action="a", details={"n": number})

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entries(home)) == 20


def test_the_database_is_private_and_in_wal_mode(home: Home) -> None:
    record(home, by="li", reason="r", action="a", details={})
    database = home.state / "state.db"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    with sqlite3.connect(database) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
