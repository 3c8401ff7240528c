"""Land every file that a mapping claims: read, check, register; rows that cannot be understood go to quarantine.

**Safe to rerun?** Yes: a file that has landed is a no-op, and a landing that was killed completes.
Clear `extract_and_land` after mending a file or a mapping; nothing needs deleting by hand.

Runbook: docs/runbooks/ingest_files.md
"""

from datetime import timedelta

import pendulum
from airflow.sdk import CronTriggerTimetable, Param, dag, task

from siyu.orchestration.alerts import tell_failure, tell_success
from siyu.orchestration.assets import RAW_FILES
from siyu.orchestration.deadline import publication_deadline


@dag(
    schedule=CronTriggerTimetable("0 6 * * *", timezone="Asia/Shanghai"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=tell_failure,
    on_success_callback=tell_success,
    deadline=publication_deadline(),
    default_args={"owner": "data-platform", "retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["domain:files", "layer:raw", "tier:1"],
    doc_md=__doc__,
    params={"run_id": Param(None, type=["null", "string"], pattern="^[A-Za-z0-9_-]{1,64}$")},
)
def ingest_files():
    @task(execution_timeout=timedelta(hours=2))
    def extract_and_land() -> list[str]:
        from siyu.orchestration.files import land_sources, sources_of
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("extract_and_land") as step:
            return land_sources(run, sources_of(run), step)

    @task(execution_timeout=timedelta(minutes=30), outlets=[RAW_FILES])
    def check_loads(load_ids: list[str]) -> None:
        from siyu.orchestration.loads import check_loads as check
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("check_loads") as step:
            check(run.home, load_ids, step)

    check_loads(extract_and_land())


ingest_files()
