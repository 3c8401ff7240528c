"""Retention removes what the settings say, and never what a reader or a rollback needs."""

import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from siyu.clock import utc_now
from siyu.errors import UsageError
from siyu.publication import (
    maintain,
    publication_log,
    publish_candidate,
    published_state,
    rollback,
    served_id,
)
from siyu.publication.records import read_record, write_record
from siyu.settings import Home, Settings
from siyu.storage import write_json
from tests.publication import processes
from tests.publication.small_candidates import leftovers, served, write_candidate

LATER = timedelta(days=400)


def publish_days(home: Home, days: list[date]) -> None:
    for number, day in enumerate(days, start=1):
        write_candidate(home, f"night{number}", amount=f"{number}.00", as_of=day)
        publish_candidate(home, Settings(), f"night{number}")


def present(home: Home) -> list[int]:
    return [int(folder.name) for folder in sorted(home.publications.glob("[0-9]*")) if folder.is_dir()]


def test_retention_removes_the_last_ones_or_a_month_end(home: Home) -> None:
    days = [date(2026, 9, 28), date(2026, 9, 29), date(2026, 10, 30), date(2026, 10, 31), date(2026, 10, 30)]
    days += [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]
    publish_days(home, days)
    state = published_state(home)
    removed = maintain(home, Settings(keep_publications=2, reader_grace_hours=24), now=utc_now() + LATER)
    # kept: 7 and 8 as the last two, 2 as September's latest day, 4 as October's (5 is of an earlier day)
    assert present(home) == [2, 4, 7, 8]
    assert removed["publications"] == ["000001", "000003", "000005", "000006"]
    assert published_state(home) == state
    assert served_id(home) == 8
    assert leftovers(home) == []


def test_of_two_publications_of_a_month_end_the_older_is_kept(home: Home) -> None:
    publish_days(home, [date(2026, 10, 31), date(2026, 10, 31), date(2026, 11, 1)])
    maintain(home, Settings(keep_publications=1, reader_grace_hours=0), now=utc_now() + LATER)
    assert present(home) == [2, 3]


def test_a_publication_goes_while_its_readers_have_grace(home: Home) -> None:
    publish_days(home, [date(2026, 11, day) for day in range(1, 5)])
    settings = Settings(keep_publications=1, reader_grace_hours=24)
    assert maintain(home, settings, now=utc_now() + timedelta(hours=23))["publications"] == []
    assert maintain(home, settings, now=utc_now() + timedelta(hours=25))["publications"] == [
        "000001",
        "000002",
        "000003",
    ]


def test_the_log_forgets_a_publication_that_was_removed(home: Home) -> None:
    publish_days(home, [date(2026, 11, day) for day in range(1, 5)])
    maintain(home, Settings(keep_publications=1, reader_grace_hours=0), now=utc_now() + LATER)
    assert [record.id for record in publication_log(home)] == [1, 2, 3, 4]
    write_candidate(home, "night5", amount="5.00")
    assert publish_candidate(home, Settings(), "night5").id == 5
    assert served(home, "select publication_id from marts.publish_log order by 1") == [
        (n,) for n in range(1, 6)
    ]
    with pytest.raises(UsageError, match="publication 1 is not there; expected one of: 4, 5"):
        rollback(home, Settings(), 1, by="li.na", reason="test")


def test_old_candidates_stay_or_new_ones_go(home: Home) -> None:
    now = utc_now()
    for run_id, days in (("old", 8), ("young", 6), (".killed.tmp", 8)):
        folder = home.candidates / run_id
        folder.mkdir(parents=True)
        _age(folder, now - timedelta(days=days))
    removed = maintain(home, Settings(keep_candidates_days=7), now=now)
    assert removed["candidates"] == [".killed.tmp", "old"]
    assert [folder.name for folder in home.candidates.iterdir()] == ["young"]


def test_warehouses_pile_up(home: Home) -> None:
    home.warehouses.mkdir()
    now = datetime(2026, 11, 20, tzinfo=UTC)
    for number in range(5):
        for suffix in ("", ".wal"):
            (home.warehouses / f"night{number}.duckdb{suffix}").write_bytes(b"x")
        _age(home.warehouses / f"night{number}.duckdb", now + timedelta(hours=number))
    (home.warehouses / "night0.duckdb.tmp").mkdir()
    removed = maintain(home, Settings(keep_warehouses=2), now=now)
    assert removed["warehouses"] == ["night0", "night1", "night2"]
    assert sorted(path.name for path in home.warehouses.iterdir()) == [
        "night3.duckdb",
        "night3.duckdb.wal",
        "night4.duckdb",
        "night4.duckdb.wal",
    ]


def test_logs_pile_up_or_go_before_their_warehouse(home: Home) -> None:
    now = utc_now()
    home.warehouses.mkdir()
    (home.warehouses / "kept.duckdb").write_bytes(b"x")
    for run_id, days in (("kept", 40), ("old", 31), ("young", 29)):
        write_json(home.runs / run_id / "build.json", {})
        _age(home.runs / run_id, now - timedelta(days=days))
    assert maintain(home, Settings(keep_logs_days=30), now=now)["runs"] == ["old"]
    assert sorted(folder.name for folder in home.runs.iterdir()) == ["kept", "young"]


def test_maintenance_of_an_empty_home_fails(home: Home, settings: Settings) -> None:
    assert maintain(home, settings, now=utc_now()) == {
        "publications": [],
        "candidates": [],
        "warehouses": [],
        "runs": [],
    }


def test_f5_a_kill_during_retention_leaves_half_a_publication(home: Home, tmp_path: Path) -> None:
    publish_days(home, [date(2026, 11, day) for day in range(1, 4)])
    for folder in home.publications.iterdir():  # published long ago
        record = read_record(folder / "publication.json")
        write_record(
            folder / "publication.json",
            record.__class__(**{**vars(record), "published_at": record.published_at - LATER}),
        )
    state = published_state(home)

    def prepare(change: int) -> tuple[Path, tuple[()]]:
        return Path(shutil.copytree(home.root, tmp_path / f"killed{change}")), ()

    killed = processes.every_kill_point(processes.clean_up, prepare)
    assert len(killed) >= 10
    for root in killed:
        disturbed = Home(root)
        for publication_id in present(disturbed):
            files = {file.name for file in (disturbed.publications / f"{publication_id:06d}").iterdir()}
            assert {"manifest.json", "fct_orders.parquet", "publication.json"} <= files, root.name
        processes.clean_up(root)
        assert present(disturbed) == [3], root.name
        assert [record.id for record in publication_log(disturbed)] == [1, 2, 3], root.name
        assert published_state(disturbed) == state, root.name
        assert leftovers(disturbed) == [], root.name


def _age(path: Path, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))
