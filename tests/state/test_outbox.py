"""What is told how often, and what waits: in a day made by hand, no clock."""

import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from siyu.settings import Home
from siyu.state import outbox
from siyu.state.audit_log import record

SIX = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)  # six in Shanghai
ROBOT = "json://127.0.0.1:1/secret-of-the-robot"


def fail(home: Home, at: datetime, *, step: str = "audit", words: str = "found: a gap") -> None:
    outbox.failed(home, dag="publish_marts", step=step, title=f"{step} failed", words=words, at=at)


def titles(home: Home, address: str = ROBOT) -> list[str]:
    return [message.title for message in outbox.undelivered(home, address)]


def deliver_all(home: Home, address: str, at: datetime) -> None:
    for message in outbox.undelivered(home, address):
        outbox.delivered(home, message, address, at)


def recover(home: Home, at: datetime) -> None:
    outbox.mended(home, dag="publish_marts", at=at)
    outbox.recovered(home, dags=["publish_marts"], title="recovered", words="published: 2", at=at)


@pytest.mark.guarantee("F40")
def test_f40_ten_failures_in_an_hour_tell_more_than_an_alert_and_a_summary(home: Home) -> None:
    for minute in range(0, 60, 6):
        fail(home, SIX + timedelta(minutes=minute))
    assert titles(home) == ["audit failed"]
    outbox.tell_summaries(home, SIX + timedelta(minutes=59))
    assert titles(home) == ["audit failed"]
    outbox.tell_summaries(home, SIX + timedelta(minutes=60))
    outbox.tell_summaries(home, SIX + timedelta(minutes=61))
    assert titles(home) == ["audit failed", "siyu: publish_marts.audit failed 9 more times"]
    assert "failed 10 times, first 2026-11-20 22:00 UTC" in outbox.undelivered(home, ROBOT)[1].body


@pytest.mark.guarantee("F40")
def test_f40_recovery_within_the_hour_tells_more_than_one_message_with_the_count(home: Home) -> None:
    for minute in range(0, 60, 6):
        fail(home, SIX + timedelta(minutes=minute))
    recover(home, SIX + timedelta(minutes=58))
    outbox.tell_summaries(home, SIX + timedelta(hours=3))
    assert titles(home) == ["audit failed", "recovered"]
    assert "publish_marts.audit failed 10 times" in outbox.undelivered(home, ROBOT)[1].body
    assert outbox.open_incidents(home) == ()


def test_a_failure_of_the_next_night_is_not_told(home: Home) -> None:
    fail(home, SIX)
    fail(home, SIX + timedelta(days=1))
    assert titles(home) == ["audit failed", "audit failed"]
    assert [incident.failures for incident in outbox.open_incidents(home)] == [2]


def test_another_step_hides_behind_the_first(home: Home) -> None:
    fail(home, SIX)
    fail(home, SIX, step="publish")
    assert titles(home) == ["audit failed", "publish failed"]


def test_recovery_is_told_where_nothing_failed(home: Home) -> None:
    recover(home, SIX)
    assert titles(home) == []


def test_recovery_ends_what_has_not_run_since(home: Home) -> None:
    outbox.failed(home, dag="ingest_files", step="extract", title="extract failed", words="", at=SIX)
    fail(home, SIX)
    outbox.mended(home, dag="publish_marts", at=SIX)
    over = outbox.recovered(home, dags=["ingest_files", "publish_marts"], title="recovered", words="", at=SIX)
    assert [incident.name for incident in over] == ["publish_marts.audit"]
    assert [incident.name for incident in outbox.open_incidents(home)] == ["ingest_files.extract"]


def test_a_failure_after_the_mending_counts_as_mended(home: Home) -> None:
    fail(home, SIX)
    outbox.mended(home, dag="publish_marts", at=SIX + timedelta(minutes=1))
    fail(home, SIX + timedelta(minutes=2))
    assert outbox.recovered(home, dags=["publish_marts"], title="", words="", at=SIX) == ()


def test_what_one_address_has_is_sent_to_it_again_or_kept_from_another(home: Home) -> None:
    other = "json://127.0.0.1:2/other"
    fail(home, SIX)
    deliver_all(home, ROBOT, SIX)
    outbox.settle(home, [ROBOT, other], SIX)
    assert titles(home) == []
    assert titles(home, other) == ["audit failed"]
    deliver_all(home, other, SIX)
    outbox.settle(home, [ROBOT, other], SIX)
    assert titles(home, "json://127.0.0.1:3/added-later") == []


def test_messages_of_a_home_without_an_address_flood_the_first_one(home: Home) -> None:
    fail(home, SIX)
    outbox.settle(home, [], SIX)
    assert titles(home) == []


@pytest.mark.guarantee("F32")
def test_f32_the_database_holds_the_secret_of_an_address(home: Home) -> None:
    fail(home, SIX)
    deliver_all(home, ROBOT, SIX)
    outbox.settle(home, [ROBOT], SIX)
    held = b"".join(path.read_bytes() for path in home.state.iterdir())
    assert b"audit failed" in held  # the search finds what is there
    assert b"secret-of-the-robot" not in held
    with sqlite3.connect(home.state / "state.db") as connection:
        dumped = "\n".join(connection.iterdump())
    assert "audit failed" in dumped
    assert "secret-of-the-robot" not in dumped


def test_the_database_is_open_to_others(home: Home) -> None:
    fail(home, SIX)
    assert stat.S_IMODE((home.state / "state.db").stat().st_mode) == 0o600


def times(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in (root, *root.rglob("*"))}


def test_looking_at_what_fails_writes_into_the_home(home: Home) -> None:
    assert outbox.open_incidents(home) == ()
    assert not home.state.exists()
    record(home, by="li.na", reason="test", action="test", details={})
    assert outbox.open_incidents(home) == ()
    fail(home, SIX)
    before = times(home.root)
    assert [incident.name for incident in outbox.open_incidents(home)] == ["publish_marts.audit"]
    assert times(home.root) == before
