"""Build the warehouse of a night: verify raw, then one dbt build of staging, intermediate, core and marts.

Any raw asset or the hour `decide_by` wakes it; what is built is read from the load records, never from the event.

**Safe to rerun?** Yes: the warehouse is derived and disposable, and a rerun of the same run replaces its file.

Runbook: docs/runbooks/transform_warehouse.md
"""

from datetime import timedelta

import pendulum
from airflow.sdk import AssetAny, AssetOrTimeSchedule, CronTriggerTimetable, Metadata, Param, dag, task

from siyu.orchestration.alerts import tell_failure, tell_success
from siyu.orchestration.assets import RAW, RAW_FILES, WAREHOUSE_BUILT
from siyu.orchestration.deadline import decision_cron, publication_deadline


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(*decision_cron()),
        assets=AssetAny(RAW_FILES, *RAW.values()),
    ),
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=tell_failure,
    on_success_callback=tell_success,
    deadline=publication_deadline(),
    default_args={"owner": "data-platform", "retries": 1, "retry_delay": timedelta(minutes=1)},
    tags=["layer:warehouse", "tier:1"],
    doc_md=__doc__,
    params={
        "as_of_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Last complete business day; empty: the business date, or the newest order's day of files.",
        ),
        "business_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Day of the night; empty means yesterday.",
        ),
        "is_final": Param(False, type="boolean", description="Do not wait for what is missing."),
        "run_id": Param(None, type=["null", "string"], pattern="^[A-Za-z0-9_-]{1,64}$"),
    },
)
def transform_warehouse():
    @task.short_circuit(execution_timeout=timedelta(minutes=10))
    def check_ready() -> bool:
        from siyu.orchestration.night import is_time_to_build
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("check_ready") as step:
            return is_time_to_build(run, step)

    @task(execution_timeout=timedelta(hours=2), pool="warehouse_writer", outlets=[WAREHOUSE_BUILT])
    def build():
        from siyu.orchestration.night import build_night
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("build") as step:
            build_night(run, step)
        yield Metadata(WAREHOUSE_BUILT, {"run_id": run.run_id})

    check_ready() >> build()


transform_warehouse()
