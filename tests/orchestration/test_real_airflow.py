"""The night through a real API server, scheduler and DAG processor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.publication import published_state
from siyu.settings import Home, save_settings
from tests.orchestration.airflow_cluster import AirflowCluster, running_airflow, wait_until
from tests.orchestration.small_shop import CANARY, write_small_shop

NIGHT_SECONDS = 240
DAGS = ("maintain_warehouse", "publish_marts", "transform_warehouse", "ingest_files")
TASKS = [
    ("ingest_files", "extract_and_land"),
    ("ingest_files", "check_loads"),
    ("transform_warehouse", "build"),
    ("transform_warehouse", "check_ready"),  # last: it finds nothing new and skips what follows it
    ("publish_marts", "export"),
    ("publish_marts", "audit"),
    ("publish_marts", "publish"),
    ("publish_marts", "report"),
    ("maintain_warehouse", "enforce_retention"),
    ("maintain_warehouse", "compact_raw"),
]

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("real_airflow"), pytest.mark.soak]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AirflowCluster, Home]]:
    """An Airflow whose DAGs read a small shop, after one night woken by a trigger."""
    folder = tmp_path_factory.mktemp("airflow")
    home = Home(folder / "home").create()
    mapping, log = write_small_shop(folder)
    save_settings(home, {"files": [{"mapping": str(mapping), "path": str(log)}]})
    with running_airflow(home, folder / "airflow") as cluster:
        wait_until(
            "the DAGs to be parsed", 60, lambda: {"ingest_files", "publish_marts"} <= cluster.dag_ids()
        )
        for dag_id in DAGS:
            cluster.unpause(dag_id)
        cluster.trigger("ingest_files", {})
        cluster.trigger("maintain_warehouse", {})
        wait_until("a publication", NIGHT_SECONDS, home.marts_file.exists)
        yield cluster, home


def settled(cluster: AirflowCluster) -> bool:
    """No run of any DAG is under way."""
    return all(run["state"] in {"success", "failed"} for dag_id in DAGS for run in cluster.runs(dag_id))


def night_of(cluster: AirflowCluster, dag_id: str) -> dict[str, Any]:
    """The run of the night under test: the one triggered, or the first that an asset woke.

    The schedules tick as well, and a deadline before anything has landed fails, as it should.
    """
    runs = sorted(cluster.runs(dag_id), key=lambda run: str(run["run_after"]))
    return next(run for run in runs if run["run_type"] in {"manual", "asset_triggered"})


def test_a_triggered_ingest_ends_in_a_publication(shop: tuple[AirflowCluster, Home]) -> None:
    cluster, home = shop
    wait_until("every run to end", NIGHT_SECONDS, lambda: settled(cluster))
    with duckdb.connect(str(home.marts_file), read_only=True) as marts:
        amounts = marts.execute(
            "select sum(paid_amount), count(*) from marts.fct_orders where is_paid"
        ).fetchone()
    assert [str(value) for value in amounts or ()] == ["125.00", "4"]
    assert {dag_id: night_of(cluster, dag_id)["state"] for dag_id in DAGS} == dict.fromkeys(DAGS, "success")


def test_clearing_and_rerunning_each_task_gives_the_same_publication(
    shop: tuple[AirflowCluster, Home],
) -> None:
    cluster, home = shop
    wait_until("every run to end", NIGHT_SECONDS, lambda: settled(cluster))
    before = published_state(home)
    ids = sorted(folder.name for folder in home.publications.iterdir())
    for dag_id, task_id in TASKS:
        run_id = night_of(cluster, dag_id)["dag_run_id"]
        cluster.clear(dag_id, run_id, task_id)
        wait_until(f"{task_id} to run again", NIGHT_SECONDS, lambda: settled(cluster))
        assert cluster.task_states(dag_id, run_id)[task_id] == "success", task_id
        assert published_state(home) == before, task_id
    assert sorted(folder.name for folder in home.publications.iterdir()) == ids


def files_with_a_customer(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and CANARY in path.read_bytes()]


def test_no_log_journal_xcom_or_table_holds_a_customer(shop: tuple[AirflowCluster, Home]) -> None:
    """Everything a night writes: the home and Airflow's own folder, database and logs included."""
    _, home = shop
    assert (home.root.parent / "airflow" / "airflow.db").is_file()
    assert files_with_a_customer(home.root) == []
    assert files_with_a_customer(home.root.parent / "airflow") == []


def test_positive_control_the_search_finds_the_customers_of_the_source(
    shop: tuple[AirflowCluster, Home],
) -> None:
    _, home = shop
    assert [path.name for path in files_with_a_customer(home.root.parent / "log")] == ["orders.csv"]
