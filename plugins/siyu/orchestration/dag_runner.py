"""Run DAGs one after another in one process, Airflow started once: `python -m siyu.orchestration.dag_runner PLAN`.

The plan is a JSON list of `{"dag_id": …, "conf": {…}, "may_fail": …}`; an empty one only prepares the metadata
database. The process ends with 0 when every run succeeded (a skipped task is no failure) and with 1 at the first that
did not and may not fail; the steps' journal says why. Runs end as soon as standard input does, which is a pipe from
the command that waits for them: however that ended, no night goes on writing into the home behind it.
"""

import json
import os
import signal
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any


def prepare_airflow() -> None:
    """Make the metadata database and the writer's pool, where this version of Airflow has not done so yet."""
    ready = Path(os.environ["AIRFLOW_HOME"]) / f"ready-{version('apache-airflow')}"
    if ready.exists():
        return
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    Pool.create_or_update_pool(
        "warehouse_writer",
        slots=1,
        description="One writer of the warehouse at a time",
        include_deferred=False,
    )
    ready.touch()


def run_dags(plan: list[dict[str, Any]]) -> bool:
    """Run each DAG of the plan in turn, without retries; stop at the first that fails.

    A DAG that assets wake runs only when an earlier one has brought such an asset, as under a scheduler.
    """
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.state import DagRunState, TaskInstanceState

    from siyu.settings import PROJECT

    bag = DagBag(PROJECT / "dags")
    if bag.import_errors:
        sys.exit(f"DAG files with errors: {', '.join(sorted(bag.import_errors))}")
    brought: set[str] = set()
    for entry in plan:
        dag = bag.dags[str(entry["dag_id"])]
        if (woken_by := _assets_that_wake(dag)) and not woken_by & brought:
            continue
        dag.deadline = (
            None  # there is no scheduler that would look for it, and dag.test cannot end a run that has one
        )
        for task in dag.tasks:
            task.retries = (
                0  # a person is waiting: the journal says what failed, and the night can be run again
            )
        run = dag.test(run_conf=entry["conf"])
        if run.state != DagRunState.SUCCESS and not entry.get("may_fail"):
            return False
        for done in run.get_task_instances(state=[TaskInstanceState.SUCCESS]):
            brought |= {asset.name for asset in dag.task_dict[done.task_id].outlets}
    return True


def _end_with_standard_input() -> None:
    """Wait until whoever holds the other end of our standard input is gone, then end as a killed process does."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


def _assets_that_wake(dag: Any) -> set[str]:
    condition = getattr(dag.timetable, "asset_condition", None)
    return {asset.name for asset in condition.objects} if condition else set()


if __name__ == "__main__":
    plan_of_the_night = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if plan_of_the_night:
        threading.Thread(target=_end_with_standard_input, daemon=True).start()
    prepare_airflow()
    sys.exit(0 if not plan_of_the_night or run_dags(plan_of_the_night) else 1)
