"""Run DAGs in one process, Airflow started once: `python -m siyu.orchestration.dag_runner`.

See runner for the other end. Each line of standard input asks for a night, as JSON: `plan`, a list of
`{"dag_id": …, "conf": {…}, "may_fail": …}`; `environment`, variables to have from then on; `log`, the file that takes
all that is said from then on. The answer is a line with `true` when every run succeeded (a skipped task is no
failure), or `false` at the first that did not and may not fail; the steps' journal says why.

The process ends as soon as its input does, in the middle of a night too: whoever asked is gone, however they ended,
and no night may go on writing into the home behind them.

`… dag_runner prepare` only makes the metadata database.
"""

import json
import os
import signal
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
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


def _assets_that_wake(dag: Any) -> set[str]:
    condition = getattr(dag.timetable, "asset_condition", None)
    return {asset.name for asset in condition.objects} if condition else set()


def _listen(asked: "SimpleQueue[str]") -> None:
    for line in sys.stdin:
        asked.put(line)
    os.kill(os.getpid(), signal.SIGKILL)


def _say_into(file: int) -> None:
    """Let whatever this process writes go to an open file."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(file, stream.fileno())


def main() -> None:
    """Answer until standard input ends."""
    asked: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        _say_into(sys.stderr.fileno())
        prepare_airflow()
        while True:
            night = json.loads(asked.get())
            with Path(night["log"]).open("ab") as log:
                _say_into(log.fileno())
            os.environ.update(night["environment"])
            print(json.dumps(run_dags(night["plan"])), file=answers, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["prepare"]:
        prepare_airflow()
    else:
        main()
