"""`siyu status` tells the truth about a home in any state, in words and in JSON."""

import json
import os
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from siyu.cli import publication as commands
from siyu.errors import UsageError
from siyu.publication import age_of_the_night_due, publish_candidate, rollback, status, status_text
from siyu.settings import Home, Settings
from siyu.state import outbox
from siyu.state.locks import hold
from siyu.state.rates import Rate
from tests.gate.worlds import World
from tests.publication.small_candidates import NOON, write_candidate

app = typer.Typer()
app.command("status")(commands.status)
app.command("rollback")(commands.rollback)
app.command("publish")(commands.publish)


def said(*words: str, code: int = 0) -> str:
    answer = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert answer.exit_code == code, answer.output
    return answer.output


def test_an_empty_home_has_a_status(home: Home) -> None:
    found = status(home)
    assert (found.current_id, found.age_hours, found.targets, found.publications) == (
        None,
        None,
        {"marts.duckdb": None},
        (),
    )
    assert "nothing published yet" in status_text(found)
    assert not (home.published).exists()


def test_status_overlooks_what_stands(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1", as_of=date(2026, 11, 19))
    publish_candidate(home, settings, "night1")
    write_candidate(home, "night2", amount="11.00")
    second = publish_candidate(home, settings, "night2")
    write_candidate(home, "night3", amount="12.00", passed=False)

    found = status(home, now=second.published_at + timedelta(hours=30))
    assert (found.current_id, found.as_of_date, found.age_hours) == (2, NOON, 30.0)
    assert found.targets == {"marts.duckdb": 2}
    assert found.is_complete
    assert [record.id for record in found.publications] == [2, 1]
    assert found.last_verdict is not None
    assert (found.last_verdict.run_id, found.last_verdict.passed) == ("night3", False)
    assert found.last_verdict.failed_checks == ("fct_orders.amounts",)
    assert found.locks == {}
    text = status_text(found)
    assert "publication 2, as of 2026-11-20" in text
    assert "30.0 h ago" in text
    assert "run night3 REFUSED (fct_orders.amounts)" in text


def test_status_believes_the_folder_rather_than_the_served_file(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    served_before = home.marts_file.read_bytes()
    write_candidate(home, "night2", amount="11.00")
    publish_candidate(home, settings, "night2")
    home.marts_file.write_bytes(served_before)
    found = status(home)
    assert (found.current_id, found.targets, found.is_complete) == (2, {"marts.duckdb": 1}, False)
    assert "not the current one" in status_text(found)


@pytest.mark.parametrize("content", [b"", b"not a database", None])
def test_a_serving_file_that_cannot_be_read_breaks_status(
    home: Home, settings: Settings, content: bytes | None
) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    if content is None:
        home.marts_file.unlink()
    else:
        home.marts_file.write_bytes(content)
    found = status(home)
    assert found.targets == {"marts.duckdb": None}
    assert not found.is_complete


def test_a_reader_who_may_write_breaks_status(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    with duckdb.connect(str(home.marts_file)):
        assert status(home).current_id == 1


def test_status_does_not_name_who_holds_a_lock(home: Home) -> None:
    with hold(home.state / "warehouse.lock", run_id="night7", wait_seconds=0):
        found = status(home)
        assert found.locks["warehouse.lock"].run == "night7"
        Rate(home, "a platform's app", per_second=5).wait()  # its file holds moments and no holder
        assert list(status(home).locks) == ["warehouse.lock"]
        assert f"held by process {os.getpid()} (run night7" in status_text(found)
    assert status(home).locks == {}


def test_a_torn_verdict_breaks_status(home: Home) -> None:
    (write_candidate(home, "night1") / "verdict.json").write_text("{")
    found = status(home)
    assert found.last_verdict is not None
    assert found.last_verdict.passed is None


def test_json_of_the_commands_cannot_be_read(home: Home) -> None:
    write_candidate(home, "night1")
    place = ("--home", str(home), "--json")
    made = json.loads(said("publish", "night1", *place))
    assert (made["id"], made["is_new"], made["rows"]) == (1, True, {"fct_orders": 3, "kpi_daily": 1})
    shown = json.loads(said("status", *place))
    assert (shown["current_id"], shown["as_of_date"], shown["hold"]) == (1, "2026-11-20", None)
    assert (shown["is_trusted"], shown["doubts"]) == (True, [])
    back = json.loads(said("rollback", "1", "--by", "li.na", "--reason", "test", *place))
    assert (back["id"], back["restores"]) == (2, 1)
    assert json.loads(said("status", *place))["hold"]["by"] == "li.na"
    ended = json.loads(said("publish", "--resume", "--by", "li.na", "--reason", "test", *place))
    assert ended["ended"]["restores"] == 1
    assert json.loads(said("status", *place))["hold"] is None


def test_words_of_the_commands_leave_out_what_to_do(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    place = ("--home", str(home))
    assert "siyu publish --resume" in said("rollback", "1", "--by", "li.na", "--reason", "test", *place)
    assert "ON HOLD since rollback to 1 by li.na" in said("status", "--details", *place)
    assert "no longer on hold" in said("publish", "--resume", "--by", "li.na", "--reason", "test", *place)
    assert "nothing was on hold" in said("publish", "--resume", "--by", "li.na", "--reason", "test", *place)


def test_a_stale_publication_passes_the_outside_check(home: Home, settings: Settings) -> None:
    said("status", "--home", str(home), "--fresh-within", "26h", code=1)
    write_candidate(home, "night1")
    publication = publish_candidate(home, settings, "night1")
    said("status", "--home", str(home), "--fresh-within", "26h")
    late = status(home, now=publication.published_at + timedelta(hours=26, minutes=1))
    assert not late.is_fresher_than(timedelta(hours=26))
    home.marts_file.unlink()
    said("status", "--home", str(home), "--fresh-within", "26h", code=1)


def answer(home: Home, *, code: int) -> list[str]:
    return said("status", "--home", str(home), "--fresh-within", "26h", code=code).splitlines()


def fail(home: Home, dag: str, at: datetime) -> None:
    outbox.failed(home, dag=dag, step="audit", title="failed", words="found", at=at)


def test_the_answer_to_whether_numbers_can_be_trusted_is_not_five_lines(
    home: Home, settings: Settings
) -> None:
    assert answer(home, code=1)[:2] == [
        "trust the numbers: NO, nothing has been published",
        "published: nothing yet",
    ]
    assert said("status", "--home", str(home)).splitlines() == [
        "trust the numbers: NO, nothing has been published",
        "published: nothing yet",
        "targets: marts.duckdb nothing readable",
        "last audit: none yet",
        "open: not known; siyu doctor looks further",
    ]
    write_candidate(home, "night1")
    published_at = publish_candidate(home, settings, "night1").published_at
    in_shanghai = published_at + timedelta(hours=8)
    assert answer(home, code=0) == [
        "trust the numbers: yes",
        f"published: 1, as of 2026-11-20, at {in_shanghai:%Y-%m-%d %H:%M} Asia/Shanghai (0.0 h ago)",
        "targets: marts.duckdb 1",
        f"last audit: run night1 passed: {home}/publications/000001/verdict.html",
        "open: nothing",
    ]
    assert said("status", "--home", str(home)).splitlines() == answer(home, code=0)


def test_rows_in_quarantine_are_kept_from_who_asks_for_trust(home: Home, settings: Settings) -> None:
    world = World()
    world.customer("anna")
    first = world.land(home, settings, bad=[{"customer_id": "b", "enrolled_at": "soon"}] * 2)
    write_candidate(home, "night1", load_ids=(first.load_id,))
    publish_candidate(home, settings, "night1")
    assert answer(home, code=0)[4] == "open: 2 new rows in quarantine, the report says why"
    assert "quarantine: 2 new rows" in said("status", "--details", "--home", str(home))
    world.customer("bert")
    second = world.land(home, settings)
    write_candidate(home, "night2", amount="11.00", load_ids=(first.load_id, second.load_id))
    publish_candidate(home, settings, "night2")
    assert answer(home, code=0)[4] == "open: nothing"  # they were told the night before
    (home.raw / "loads" / "00000003-0000000000000000.json").write_text("{")
    assert answer(home, code=0)[4] == "open: nothing"


def test_a_failure_since_the_publication_is_trusted(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    published_at = publish_candidate(home, settings, "night1").published_at
    fail(home, "publish_marts", published_at - timedelta(hours=1))
    fail(home, "maintain_warehouse", published_at + timedelta(minutes=1))
    assert answer(home, code=0)[4] == "open: nothing"
    late = published_at + timedelta(minutes=2)
    fail(home, "publish_marts", late)
    lines = answer(home, code=1)
    assert lines[0] == "trust the numbers: NO, publish_marts.audit failed since"
    assert lines[4].startswith(
        f"open: publish_marts.audit failed at {late:%Y-%m-%d %H:%M} UTC, 2 times since"
    )
    assert "FAILED maintain_warehouse.audit" in said("status", "--home", str(home), "--details")


def test_a_rollback_is_trusted_as_this_mornings_numbers(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    rollback(home, settings, 1, by="li.na", reason="test")
    lines = answer(home, code=1)
    assert lines[0] == "trust the numbers: NO, on hold since the rollback to 1"
    assert lines[4].startswith("open: on hold since rollback to 1 by li.na")
    assert lines[4].endswith("siyu publish --resume")


def test_a_refused_run_is_trusted_away(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    write_candidate(home, "night2", passed=False)
    lines = answer(home, code=1)
    assert lines[0] == "trust the numbers: NO, the audit REFUSED run night2"
    assert lines[3].startswith("last audit: run night2 REFUSED (fct_orders.amounts): ")


def test_a_run_at_work_is_not_named(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    with (
        hold(home.state / "nightly.lock", run_id="night7", wait_seconds=0),
        hold(home.state / "warehouse.lock", run_id="night7", wait_seconds=0),
    ):
        lines = answer(home, code=0)
    assert lines[0] == "trust the numbers: yes"
    assert lines[4].startswith("open: run night7 is at work since ")
    assert lines[4].count("night7") == 1


# the night that is due by 07:00 in Shanghai, which is 23:00 UTC of the day before
@pytest.mark.parametrize(
    ("now", "published", "is_due"),
    [
        ("2026-11-21 23:01", "2026-11-21 22:50", False),
        ("2026-11-21 23:01", "2026-11-20 22:50", True),
        ("2026-11-21 22:59", "2026-11-20 22:50", False),
        ("2026-11-21 22:59", "2026-11-19 22:50", True),
        ("2026-11-22 15:00", "2026-11-20 23:01", False),
    ],
)
def test_yesterdays_numbers_pass_for_this_mornings_once_a_night_is_due(
    now: str, published: str, *, is_due: bool
) -> None:
    at, then = (datetime.fromisoformat(f"{moment}+00:00") for moment in (now, published))
    assert (at - then > age_of_the_night_due(Settings(), at)) is is_due


@pytest.mark.parametrize(
    "words", [("publish",), ("publish", "night1", "--resume"), ("status", "--fresh-within", "soon")]
)
def test_a_command_guesses_what_was_meant(home: Home, words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*words, "--home", str(home)])
    assert isinstance(answer.exception, UsageError)


def test_status_writes_into_the_home(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    rollback(home, settings, 1, by="li.na", reason="test")
    before = _times(home.root)
    status(home)
    assert _times(home.root) == before


def _times(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in root.rglob("*")}
