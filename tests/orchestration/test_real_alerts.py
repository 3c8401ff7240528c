"""People are told by a real scheduler: a night that is late, its recovery, a failure; each once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from siyu.clock import utc_now
from siyu.orchestration.robots import ADDRESSES_VARIABLE
from siyu.settings import Home, save_settings
from siyu.state import outbox
from siyu.state.locks import hold
from siyu.warehouse import LOCK_NAME
from tests.orchestration.airflow_cluster import AirflowCluster, running_airflow, wait_until
from tests.orchestration.robot import Robot, running_robot
from tests.orchestration.small_shop import write_small_shop

pytestmark = [pytest.mark.timeout(1200), pytest.mark.xdist_group("real_airflow"), pytest.mark.soak]
SHANGHAI = ZoneInfo("Asia/Shanghai")
STEP_SECONDS = 600


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Robot]:
    with running_robot() as running:
        monkeypatch.setenv(ADDRESSES_VARIABLE, running.address())
        yield running


def far_hour() -> str:
    """An hour that makes nothing late now, whenever the test runs."""
    now = utc_now().astimezone(SHANGHAI)
    return f"{now - timedelta(hours=2):%H:%M}" if now.hour >= 2 else "23:59"


def has_run(cluster: AirflowCluster, dag_id: str, state: str) -> bool:
    return any(run["state"] == state for run in cluster.runs(dag_id))


@pytest.mark.guarantee("F40")
def test_f40_a_failure_and_a_success_are_not_told_by_the_dag_processor(tmp_path: Path, robot: Robot) -> None:
    home = Home(tmp_path / "home").create()
    mapping, log = write_small_shop(tmp_path)
    (log / "broken.csv").write_text("order,buyer,sku\nA6,dan,tea\n", encoding="utf-8")
    # the run of the schedule reads the same file and fails alike, within the hour
    save_settings(home, {"files": [{"mapping": str(mapping), "path": str(log)}], "published_by": far_hour()})
    broken, again = "siyu: ingest_files failed at extract_and_land", "siyu: maintain_warehouse works again"
    outbox.failed(
        home, dag="maintain_warehouse", step="compact_raw", title="before", words="before", at=utc_now()
    )
    with running_airflow(home, tmp_path / "airflow") as cluster:
        wait_until("the DAGs to be parsed", 120, lambda: "maintain_warehouse" in cluster.dag_ids())
        cluster.trigger("ingest_files", {})
        cluster.trigger("maintain_warehouse", {})
        cluster.unpause("ingest_files")
        cluster.unpause("maintain_warehouse")
        wait_until("both messages", STEP_SECONDS, lambda: {broken, again} <= set(robot.titles))
    assert robot.titles.count(broken) == 1
    told = next(message["message"] for message in robot.told if message["title"] == broken)
    assert "found: broken.csv has no column" in told
    assert "runbook: docs/runbooks/ingest_files.md" in told


@pytest.mark.guarantee("F40")
def test_f40_a_late_night_its_recovery_and_a_failure_are_not_told_once_each(
    tmp_path: Path, robot: Robot, figure: object
) -> None:
    home = Home(tmp_path / "home").create()
    mapping, log = write_small_shop(tmp_path)
    save_settings(home, {"files": [{"mapping": str(mapping), "path": str(log)}], "published_by": far_hour()})
    with running_airflow(home, tmp_path / "airflow") as cluster:
        wait_until("the DAGs to be parsed", 120, lambda: "publish_marts" in cluster.dag_ids())
        cluster.unpause("ingest_files")
        cluster.trigger("ingest_files", {})
        wait_until("a landing", STEP_SECONDS, lambda: has_run(cluster, "ingest_files", "success"))

        with hold(home.state / LOCK_NAME, run_id="somebody", wait_seconds=0):
            due = (utc_now().astimezone(SHANGHAI) + timedelta(minutes=2)).replace(second=0, microsecond=0)
            save_settings(home, {"published_by": f"{due:%H:%M}"})
            cluster.unpause("transform_warehouse")
            cluster.unpause("publish_marts")
            wait_until(
                "the night to be late", STEP_SECONDS, lambda: "siyu: the night is late" in robot.titles
            )
            late_by = (datetime.now(tz=SHANGHAI) - due).total_seconds()  # noqa: TID251 - what a person's clock shows
        assert callable(figure)
        figure("alert after the hour (s)", round(late_by, 1))
        assert 0 < late_by < 60
        wait_until("the recovery", STEP_SECONDS, lambda: "siyu: the night has recovered" in robot.titles)
        assert home.marts_file.exists()

        (log / "broken.csv").write_text("order,buyer,sku\nA6,dan,tea\n", encoding="utf-8")
        cluster.trigger("ingest_files", {})
        failed = "siyu: ingest_files failed at extract_and_land"
        wait_until("the failure", STEP_SECONDS, lambda: failed in robot.titles)
    assert robot.titles == ["siyu: the night is late", "siyu: the night has recovered", failed]
    assert "broken.csv" in robot.told[2]["message"]
    assert "published: publication 1" in robot.told[2]["message"]
