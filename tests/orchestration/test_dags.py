"""What every DAG file must be, seen through Airflow's own DagBag."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from siyu.channel_settings import CHANNELS
from siyu.orchestration.alerts import tell_failure, tell_success
from siyu.settings import PROJECT

DAGS = Path(__file__).parents[2] / "dags"
INGEST = {f"ingest_{channel}" for channel in CHANNELS}
EXPECTED = {
    "ingest_files",
    "transform_warehouse",
    "publish_marts",
    "maintain_warehouse",
    "erase_members",
} | INGEST
CONFIGURED = "\n".join(
    f"{channel}: {{accounts: [{{name: a, connection: a, surface: a}}]}}" for channel in sorted(CHANNELS)
)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> DagBag:
    """The DAGs of a home that has every channel."""
    assert list(DAGS.glob("*.py")), f"no DAG file in {DAGS}: a missing folder reports no error"
    home = tmp_path_factory.mktemp("home")
    (home / "channels.yml").write_text(CONFIGURED, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SIYU_HOME", str(home))
        return DagBag(DAGS)


def test_every_dag_file_imports_and_all_dags_are_there(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == EXPECTED


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_a_dag_says_whether_it_is_safe_to_rerun_and_names_its_runbook(bag: DagBag, dag_id: str) -> None:
    doc = bag.dags[dag_id].doc_md or ""
    runbook = "ingest_channels" if dag_id in INGEST else dag_id
    assert "**Safe to rerun?**" in doc
    assert (PROJECT / "docs" / "runbooks" / f"{runbook}.md").is_file()
    assert f"docs/runbooks/{runbook}.md" in doc


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_every_task_ends_by_itself_and_one_run_at_a_time(bag: DagBag, dag_id: str) -> None:
    dag = bag.dags[dag_id]
    assert dag.max_active_runs == 1
    assert [task.task_id for task in dag.tasks if task.execution_timeout is None] == []


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_every_dag_tells_its_failure_and_its_success(bag: DagBag, dag_id: str) -> None:
    """By callbacks of the run: those of a task run in its process, which may have been killed."""
    dag = bag.dags[dag_id]
    assert (dag.on_failure_callback, dag.on_success_callback) == (tell_failure, tell_success)
    assert [task.task_id for task in dag.tasks if task.on_failure_callback] == []


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_every_dag_of_a_night_has_the_deadline_that_airflow_knows(bag: DagBag, dag_id: str) -> None:
    deadlines = bag.dags[dag_id].deadline or []
    if dag_id in {"maintain_warehouse", "erase_members"}:
        assert deadlines == []
        return
    (deadline,) = deadlines
    assert deadline.callback.path == "siyu.orchestration.alerts.tell_late"
    known = runpy.run_path(str(PROJECT / "plugins" / "siyu_airflow.py"))["SiyuPlugin"].deadline_references
    assert known == [type(deadline.reference)]


def test_a_home_without_channels_has_their_dags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_HOME", str(tmp_path))
    assert not INGEST & set(DagBag(DAGS).dags)


def test_any_channel_alone_wakes_the_transform_or_some_never_does(bag: DagBag) -> None:
    """A list of assets would wait for all of them."""
    wakes = bag.dags["transform_warehouse"].timetable.asset_condition
    assert type(wakes).__name__ == "AssetAny"
    outlets = {
        asset.name
        for dag_id in INGEST | {"ingest_files"}
        for task in bag.dags[dag_id].tasks
        for asset in task.outlets
    }
    assert {asset.name for asset in wakes.objects} == outlets


def test_a_dag_file_loads_nothing_heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing happens every few seconds: no engine, no dbt, no GX at import."""
    heavy = ["duckdb", "dbt", "great_expectations", "pyarrow", "siyu.channels", "siyu.landing", "siyu.gate"]
    heavy += ["apprise", "siyu.publication"]
    (tmp_path / "channels.yml").write_text(CONFIGURED, encoding="utf-8")
    monkeypatch.setenv("SIYU_HOME", str(tmp_path))
    program = (
        "import pathlib, runpy, sys\n"
        f"for file in sorted(pathlib.Path({str(DAGS)!r}).glob('*.py')): runpy.run_path(str(file))\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
