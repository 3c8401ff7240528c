"""Run DAGs one after another in one process, Airflow started once: `python -m siyu.orchestration.dag_runner PLAN`.

The plan is a JSON list of `{"dag_id": …, "conf": {…}}`. The process ends with 0 when every run succeeded (a skipped
task is no failure) and with 1 at the first that did not; the steps' journal says why.
"""

import json
import sys
from pathlib import Path
from typing import Any


def run_dags(plan: list[dict[str, Any]]) -> bool:
    """Run each DAG of the plan in turn, without retries; stop at the first that fails."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.state import DagRunState

    from siyu.settings import PROJECT

    bag = DagBag(PROJECT / "dags")
    if bag.import_errors:
        sys.exit(f"DAG files with errors: {', '.join(sorted(bag.import_errors))}")
    for entry in plan:
        dag = bag.dags[str(entry["dag_id"])]
        for task in dag.tasks:
            task.retries = (
                0  # a person is waiting: the journal says what failed, and the night can be run again
            )
        if dag.test(run_conf=entry["conf"]).state != DagRunState.SUCCESS:
            return False
    return True


if __name__ == "__main__":
    sys.exit(0 if run_dags(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))) else 1)
