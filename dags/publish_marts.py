"""Export the marts of a built warehouse, audit the exported bytes, publish them or refuse; then write the report.

**Safe to rerun?** Yes: publishing the same run again returns the same publication, and after a refusal what was
published stays to the byte. Do not clear `audit` to get past a refusal: mend the data or the model, then run the night.

Runbook: docs/runbooks/publish_marts.md
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Metadata, Param, dag, task

from siyu.orchestration.alerts import tell_failure, tell_success
from siyu.orchestration.assets import MARTS_PUBLISHED, WAREHOUSE_BUILT
from siyu.orchestration.deadline import publication_deadline


@dag(
    schedule=[WAREHOUSE_BUILT],
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=tell_failure,
    on_success_callback=tell_success,
    deadline=publication_deadline(),
    default_args={"owner": "data-platform", "retries": 1, "retry_delay": timedelta(minutes=1)},
    tags=["layer:marts", "tier:1"],
    doc_md=__doc__,
    params={"run_id": Param(None, type=["null", "string"], pattern="^[A-Za-z0-9_-]{1,64}$")},
)
def publish_marts():
    @task(execution_timeout=timedelta(hours=1))
    def export() -> None:
        from siyu.orchestration.night import export_night
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("export") as step:
            export_night(run, step)

    @task(execution_timeout=timedelta(hours=1))
    def audit() -> None:
        from siyu.orchestration.night import audit_night
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("audit") as step:
            audit_night(run, step)

    @task(execution_timeout=timedelta(hours=1), pool="warehouse_writer", outlets=[MARTS_PUBLISHED])
    def publish():
        from siyu.orchestration.night import publish_night
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("publish") as step:
            publication_id = publish_night(run, step)
        yield Metadata(MARTS_PUBLISHED, {"run_id": run.run_id, "publication": publication_id})

    @task(execution_timeout=timedelta(minutes=15))
    def report() -> None:
        from siyu.orchestration.night import report_night
        from siyu.orchestration.runs import current_run

        run = current_run()
        with run.step("report") as step:
            report_night(run, step)

    export() >> audit() >> publish() >> report()


publish_marts()
