"""One warehouse file per run, one writer at a time, nothing left of a killed run."""

import os
from pathlib import Path

import pytest

from siyu.engine import connect, literal, quoted
from siyu.errors import LockedError, UsageError
from siyu.settings import Home, Settings
from siyu.storage import write_json
from siyu.warehouse import open_warehouse, read_build
from siyu.warehouse.build import code_revision


def test_a_rerun_goes_on_in_the_file_of_a_killed_run(home: Home, settings: Settings) -> None:
    home.warehouses.mkdir()
    for name in ("night1.duckdb", "night1.duckdb.wal"):
        (home.warehouses / name).write_bytes(b"torn")
    (home.warehouses / "night1.duckdb.tmp").mkdir()
    (home.warehouses / "night1.duckdb.tmp" / "spilled.tmp").write_bytes(b"rows")
    write_json(home.runs / "night1" / "build.json", {"run_id": "night1"})
    with open_warehouse(home, settings, run_id="night1") as path:
        assert path == home.warehouses / "night1.duckdb"
        assert list(home.warehouses.iterdir()) == []
        with pytest.raises(UsageError, match="no finished warehouse"):
            read_build(home, "night1")
        with connect(path, settings=settings) as connection:
            connection.execute("create table t as select 1 as a")
    assert [file.name for file in home.warehouses.iterdir()] == ["night1.duckdb"]


def test_two_runs_write_at_once_or_the_second_is_not_told_who_is_first(home: Home) -> None:
    with (
        open_warehouse(home, Settings(lock_wait_seconds=0), run_id="night1"),
        pytest.raises(
            LockedError, match=rf"warehouse\.lock is held by process {os.getpid()} \(run night1, since 20"
        ),
        open_warehouse(home, Settings(lock_wait_seconds=0), run_id="night2"),
    ):
        pass


@pytest.mark.parametrize("run_id", ["", "../night1", "a/b", ".night1", "a b", "x" * 201])
def test_f39_a_run_id_leads_out_of_the_home(home: Home, settings: Settings, run_id: str) -> None:
    with pytest.raises(UsageError, match="run id"), open_warehouse(home, settings, run_id=run_id):
        pass


def test_an_edit_of_the_dbt_project_does_not_show_in_the_revision(tmp_path: Path) -> None:
    model = tmp_path / "dbt_project" / "models" / "kpi_daily.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select 1")
    first = code_revision(tmp_path)
    assert first.startswith("none+dbt.")
    assert code_revision(tmp_path) == first
    (tmp_path / "dbt_project" / "target").mkdir()
    (tmp_path / "dbt_project" / "target" / "manifest.json").write_text("{}")
    assert code_revision(tmp_path) == first
    model.write_text("select 2")
    second = code_revision(tmp_path)
    model.rename(model.with_name("kpi_weekly.sql"))
    assert len({first, second, code_revision(tmp_path)}) == 3


@pytest.mark.parametrize("name", ["plain", 'with "quotes"', "with 'quotes'", "select 1; --", "列"])
def test_f35_a_name_or_text_ends_its_quotes(name: str) -> None:
    with connect() as connection:
        connection.execute(f"create table {quoted(name)} ({quoted(name)} integer)")
        connection.execute(f"comment on table {quoted(name)} is {literal(name)}")
        found = connection.execute("select table_name, comment from duckdb_tables()").fetchall()
        assert found == [(name, name)]
