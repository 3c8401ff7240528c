"""Forget whom the files in `requests/` of the home are about: everywhere, for good, with a proof in the audit log.

**Safe to rerun?** Yes: whoever is forgotten is so from the first step on, and what a kill left over is finished.

Runbook: docs/runbooks/erase_members.md
"""

from datetime import timedelta

import pendulum
from airflow.sdk import CronTriggerTimetable, Param, dag, task

from siyu.orchestration.alerts import tell_failure, tell_success


@dag(
    schedule=CronTriggerTimetable("30 14 * * *", timezone="Asia/Shanghai"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=tell_failure,
    on_success_callback=tell_success,
    default_args={"owner": "data-platform", "retries": 1, "retry_delay": timedelta(minutes=15)},
    tags=["layer:warehouse", "tier:2"],
    doc_md=__doc__,
    params={"run_id": Param(None, type=["null", "string"], pattern="^[A-Za-z0-9_-]{1,64}$")},
)
def erase_members():
    @task(execution_timeout=timedelta(hours=4))
    def erase_requested() -> None:
        from siyu.orchestration.requests import erase_requested as erase
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("erase_requested") as step:
            erase(run, step)

    erase_requested()


erase_members()
