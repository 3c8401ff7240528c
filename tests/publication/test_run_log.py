"""`marts.run_log` says what each step took, of runs that failed, too, and never what an error said."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from siyu.errors import RefusedError
from siyu.orchestration.journal import recorded
from siyu.publication import publish_candidate
from siyu.publication.run_log import COLUMNS, PRIMARY_KEY, RunLogRow, run_log_rows
from siyu.settings import Home, Settings
from siyu.warehouse.records import Build, Step, write_build
from tests.publication.small_candidates import NOON, served, write_candidate

BEGAN = "2026-11-20T22:00:00+00:00"


def run_of_a_night(home: Home, run_id: str) -> None:
    """A task that landed seven rows, one that failed, and a build of two nodes."""
    with recorded(home, run_id, "extract_and_land") as step:
        step.rows, step.bytes = 7, 700
    with pytest.raises(RefusedError), recorded(home, run_id, "build"):
        raise RefusedError("value 13800138000 found", do="nothing")
    nodes = (
        Step(
            name="fct_orders",
            kind="model",
            status="success",
            seconds=0.5,
            rows=3,
            started_at="2026-11-20T22:00:00+00:00",
        ),
        Step(name="not_null_fct_orders", kind="test", status="pass", seconds=0.1, rows=0),
    )
    write_build(
        home,
        Build(
            run_id=run_id,
            path=Path("warehouse") / f"{run_id}.duckdb",
            as_of_date=NOON,
            load_ids=("load1",),
            code_revision="c0ffee",
            steps=nodes,
        ),
    )


def test_a_step_is_missing_from_the_table(home: Home, settings: Settings) -> None:
    run_of_a_night(home, "night1")
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    assert served(
        home, "select step_number, step, kind, status, rows, bytes from marts.run_log order by step_number"
    ) == [
        (1, "extract_and_land", "task", "succeeded", 7, 700),
        (2, "build", "task", "failed", None, None),
        (1001, "fct_orders", "model", "success", 3, None),
        (1002, "not_null_fct_orders", "test", "pass", 0, None),
    ]


def test_times_are_not_in_utc_or_memory_is_in_kilobytes(home: Home, settings: Settings) -> None:
    run_of_a_night(home, "night1")
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    rows = served(
        home, "select started_at, peak_memory_bytes, seconds from marts.run_log order by run_id, step_number"
    )
    now = datetime.now(tz=UTC).replace(tzinfo=None)  # noqa: TID251 - to compare with what was recorded
    started_at, memory, seconds = rows[0]
    assert isinstance(started_at, datetime)
    assert timedelta(0) <= now - started_at < timedelta(minutes=5)
    assert isinstance(memory, int)
    assert 30_000_000 < memory < 8_000_000_000  # a Python with DuckDB
    assert isinstance(seconds, float)
    assert rows[2][0] == datetime(2026, 11, 20, 22, 0)  # noqa: DTZ001 - the table's moments carry no zone
    assert rows[3][0] is None


def test_a_run_that_failed_before_shows_only_when_it_published(home: Home, settings: Settings) -> None:
    run_of_a_night(home, "night1")
    run_of_a_night(home, "night2")
    write_candidate(home, "night2")
    publish_candidate(home, settings, "night2")
    assert served(home, "select run_id, count(*) from marts.run_log group by run_id order by run_id") == [
        ("night1", 4),
        ("night2", 4),
    ]


def test_the_text_of_an_error_reaches_the_table(home: Home, settings: Settings) -> None:
    run_of_a_night(home, "night1")
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    assert b"13800138000" in (home.runs / "night1" / "steps.jsonl").read_bytes()
    assert "13800138000" not in str(served(home, "select * from marts.run_log"))


def test_a_damaged_journal_keeps_a_night_from_being_published(home: Home, settings: Settings) -> None:
    run_of_a_night(home, "night1")
    with (home.runs / "night1" / "steps.jsonl").open("a") as journal:
        journal.write('{"name": "audit", "sec')
    (home.runs / "night0").mkdir()
    (home.runs / "night0" / "build.json").write_text("[]")
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    assert served(home, "select count(*) from marts.run_log") == [(4,)]


def test_a_home_without_runs_has_no_table(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    assert served(home, "select count(*) from marts.run_log") == [(0,)]


def test_a_journal_of_an_older_siyu_cannot_be_read(home: Home) -> None:
    (home.runs / "night1").mkdir(parents=True)
    line = '{"name": "audit", "seconds": 1.5, "facts": {}, "error": null}\n'
    (home.runs / "night1" / "steps.jsonl").write_text(line)
    (row,) = run_log_rows(home)
    assert (row.step, row.status, row.started_at, row.peak_memory_bytes) == ("audit", "succeeded", None, None)


def test_columns_keys_or_comments_differ_from_what_is_said_of_them(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    found = served(
        home,
        "select column_name, data_type, comment from duckdb_columns()"
        " where database_name = 'marts' and table_name = 'run_log' order by column_index",
    )
    assert found == [(column.name, column.type, column.description) for column in COLUMNS]
    assert [field.name for field in fields(RunLogRow)] == [column.name for column in COLUMNS]
    assert all(
        any("\u4e00" <= character <= "\u9fff" for character in column.description) for column in COLUMNS
    )
    keys = served(
        home,
        "select constraint_column_names from duckdb_constraints()"
        " where database_name = 'marts' and table_name = 'run_log' and constraint_type = 'PRIMARY KEY'",
    )
    assert keys == [(list(PRIMARY_KEY),)]
