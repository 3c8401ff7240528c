"""The night in one command, as a person runs it: real Airflow, real dbt, real gate, real publication."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from siyu.orchestration.nightly import run_night
from siyu.orchestration.runner import DagRunner
from siyu.settings import FileSource, Home
from siyu.storage import make_folder
from tests.orchestration.small_shop import AS_OF, GROSS, NET, NEXT_LOG, REFUNDED, write_small_shop

pytestmark = pytest.mark.timeout(900)


def siyu(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a folder that is not the project's, with nothing exported."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("SIYU_", "AIRFLOW"))
    }
    return subprocess.run(
        [str(Path(sys.executable).parent / "siyu"), *arguments, "--home", str(home)],
        env=environment,
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def nightly(home: Path, mapping: Path, path: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return siyu(home, "nightly", "--mapping", str(mapping), "--path", str(path), *more)


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(Home(home).marts_file), read_only=True) as marts:
        return marts.execute(sql).fetchall()


def test_nights_of_a_small_shop_from_first_to_broken_file(tmp_path: Path) -> None:
    """One story, because a night takes a minute: first night, same again, bad file."""
    mapping, log = write_small_shop(tmp_path)
    home = tmp_path / "home"

    first = nightly(home, mapping, log, "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["is_new"] is True
    assert query(home, "select distinct cast(as_of_date as varchar) from marts.kpi_daily") == [(AS_OF,)]
    assert query(
        home,
        "select cast(sum(gmv_amount) as varchar) from marts.kpi_daily "
        "where window_days = 1 and channel_code = 'all'",
    ) == [(GROSS,)]

    again = nightly(home, mapping, log)
    assert again.returncode == 0, again.stderr
    assert "Nothing new" in again.stdout
    assert f"refunds: the newest row is of 2026-03-22; what is after {AS_OF} counts" in again.stdout
    assert len(list((home / "publications").iterdir())) == 1
    assert GROSS in (home / "report" / "index.html").read_text(encoding="utf-8")
    assert str(home / "report" / "index.html") in again.stdout

    served = Home(home).marts_file.read_bytes()
    (log / "broken.csv").write_text("order,buyer,sku\nA6,dan,tea\n", encoding="utf-8")
    broken = nightly(home, mapping, log)
    assert broken.returncode == 2, broken.stdout
    assert "broken.csv" in broken.stderr
    assert "units" in broken.stderr
    assert Home(home).marts_file.read_bytes() == served


@pytest.mark.soak
def test_what_a_second_night_of_the_same_airflow_lands_is_not_in_the_marts(tmp_path: Path) -> None:
    mapping, log = write_small_shop(tmp_path)
    home = tmp_path / "home"
    sources = [FileSource(mapping=mapping, path=log)]
    with DagRunner(Home(home)) as runner:
        run_night(Home(home), sources, runner=runner)
        (log / "more.csv").write_text(NEXT_LOG, encoding="utf-8")
        assert run_night(Home(home), sources, runner=runner).is_new
    amounts = query(
        home,
        "select cast(sum(gmv_amount) as varchar), cast(sum(refund_amount) as varchar), "
        "cast(sum(net_revenue_amount) as varchar) from marts.kpi_daily "
        "where window_days = 1 and channel_code = 'all'",
    )
    assert amounts == [("130.00", REFUNDED, "115.00")]
    assert NET == "110.00"  # 115.00 less the 5.00 of the new order


@pytest.mark.soak
def test_a_night_that_is_killed_leaves_nothing_and_completes_when_run_again(tmp_path: Path) -> None:
    mapping, log = write_small_shop(tmp_path)
    home = tmp_path / "home"
    command = [str(Path(sys.executable).parent / "siyu"), "nightly", "--home", str(home)]
    command += ["--mapping", str(mapping), "--path", str(log)]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 180
    while not list((home / "warehouse").glob("*.duckdb")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not Home(home).marts_file.exists()

    done = nightly(home, mapping, log)
    assert done.returncode == 0, done.stderr
    assert query(home, "select cast(sum(paid_amount) as varchar) from marts.fct_orders") == [(GROSS,)]


def test_words_of_a_night_go_into_the_log_of_another_or_a_broken_airflow_is_waited_for(home: Home) -> None:
    nights = [make_folder(home.runs / name) / "night.log" for name in ("one", "two", "three")]
    seen = []
    with DagRunner(home) as runner:
        for log, dag in zip(nights, ("", "no such DAG", ""), strict=True):
            plan: list[dict[str, object]] = [{"dag_id": dag, "conf": {}}] if dag else []
            code = runner.run(plan, log, meanwhile=lambda: seen.append(1))
            assert (code == 0) == (log == nights[0])
    one, two, three = (log.read_text(encoding="utf-8") if log.exists() else "" for log in nights)
    assert "DagBag" in one
    assert "KeyError: 'no such DAG'" in two
    assert "no such DAG" not in one + three
    assert seen


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_ended_leaves_no_night_running_behind_it(
    tmp_path: Path, signal_number: int
) -> None:
    mapping, log = write_small_shop(tmp_path)
    command = [str(Path(sys.executable).parent / "siyu"), "nightly", "--home", str(tmp_path / "home")]
    process = psutil.Popen(
        [*command, "--mapping", str(mapping), "--path", str(log)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (started := process.children()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal_number)
    assert process.wait(timeout=30) == -signal_number
    # Airflow alone takes longer to start than this
    ended, still_there = psutil.wait_procs(started, timeout=3)
    for orphan in still_there:
        orphan.kill()
    assert ended
    assert not still_there


@pytest.mark.soak
def test_a_night_that_is_refused_changes_something_that_a_reader_sees(tmp_path: Path) -> None:
    mapping, log = write_small_shop(tmp_path)
    home = tmp_path / "home"
    assert nightly(home, mapping, log).returncode == 0
    served = Home(home).marts_file.read_bytes()
    publications = sorted(path.name for path in (home / "publications").iterdir())
    yuan = mapping.read_text(encoding="utf-8")
    mapping.write_text(yuan.replace("currency: CNY", "currency: CNY\namount_unit: minor"), encoding="utf-8")
    refused = nightly(home, mapping, log)
    assert refused.returncode == 1, refused.stdout
    assert "order_amounts_not_restated_in_another_unit" in refused.stderr
    assert Home(home).marts_file.read_bytes() == served
    assert sorted(path.name for path in (home / "publications").iterdir()) == publications


def test_mappings_and_paths_that_do_not_pair_end_in_a_usage_error(tmp_path: Path) -> None:
    mapping, _ = write_small_shop(tmp_path)
    done = siyu(tmp_path / "home", "nightly", "--mapping", str(mapping))
    assert done.returncode == 2
    assert "one --path for each --mapping" in done.stderr
    assert not (tmp_path / "home").exists()
