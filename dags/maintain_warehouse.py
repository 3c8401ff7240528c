"""Keep the home small: remove what retention allows, merge small raw files, report what was done.

**Safe to rerun?** Yes: each step removes only what `siyu.yml` no longer keeps, and merging raw files is a supersede
that a kill anywhere leaves whole.

Runbook: docs/runbooks/maintain_warehouse.md
"""

from datetime import timedelta

import pendulum
from airflow.sdk import CronTriggerTimetable, Param, dag, task

from siyu.orchestration.alerts import tell_failure, tell_success


@dag(
    schedule=CronTriggerTimetable("0 13 * * *", timezone="Asia/Shanghai"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=tell_failure,
    on_success_callback=tell_success,
    default_args={"owner": "data-platform", "retries": 1, "retry_delay": timedelta(minutes=5)},
    tags=["layer:warehouse", "tier:2"],
    doc_md=__doc__,
    params={"run_id": Param(None, type=["null", "string"], pattern="^[A-Za-z0-9_-]{1,64}$")},
)
def maintain_warehouse():
    @task(execution_timeout=timedelta(hours=1))
    def enforce_retention() -> None:
        from siyu.orchestration.night import enforce_retention as enforce
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("enforce_retention") as step:
            enforce(run, step)

    @task(execution_timeout=timedelta(hours=2))
    def compact_raw() -> None:
        from siyu.orchestration.night import compact_raw as compact
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("compact_raw") as step:
            compact(run, step)

    enforce_retention() >> compact_raw()


maintain_warehouse()
