"""Land what is due of a channel: every stream of every account that `channels.yml` names, page by page.

A DAG `ingest_<channel>` per channel of the file, run at the hours of `runs_at`: later streams are ready later.

**Safe to rerun?** Yes: what has landed is not read again, a window that was cut off goes on where it stood, and a
channel that was down for days catches up by itself. Params `from_date` and `to_date` read any days again.

Runbook: docs/runbooks/ingest_channels.md
"""

from datetime import time, timedelta

import pendulum
from airflow.sdk import MultipleCronTriggerTimetable, Param, dag, task

from siyu.channel_settings import read_channels, run_times
from siyu.orchestration.alerts import tell_failure, tell_success
from siyu.orchestration.assets import RAW
from siyu.orchestration.deadline import publication_deadline
from siyu.settings import find_home, load_settings

DAY = {"type": ["null", "string"], "format": "date"}


def ingest(channel: str, times: list[time], timezone: str):
    crons = [f"{at.minute} {at.hour} * * *" for at in times]

    @dag(
        dag_id=f"ingest_{channel}",
        schedule=MultipleCronTriggerTimetable(*crons, timezone=timezone),
        start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
        catchup=False,
        max_active_runs=1,
        on_failure_callback=tell_failure,
        on_success_callback=tell_success,
        deadline=publication_deadline(),
        default_args={"owner": "data-platform", "retries": 2, "retry_delay": timedelta(minutes=5)},
        tags=[f"domain:{channel}", "layer:raw", "tier:1"],
        doc_md=__doc__,
        params={
            "business_date": Param(None, **DAY, description="Day of the night; empty means yesterday."),
            "from_date": Param(None, **DAY, description="First day to read again; empty means what is due."),
            "to_date": Param(None, **DAY, description="Last day to read again; empty means from_date."),
            "run_id": Param(None, type=["null", "string"], pattern="^[A-Za-z0-9_-]{1,64}$"),
        },
    )
    def ingest_channel():
        @task(execution_timeout=timedelta(hours=8))
        def extract_and_land() -> list[str]:
            from siyu.orchestration.ingest import extract_channel
            from siyu.orchestration.runs import current_run

            run = current_run()
            with run.step(f"extract_{channel}") as step:
                return extract_channel(run, channel, step)

        @task(execution_timeout=timedelta(minutes=30), outlets=[RAW[channel]])
        def check_loads(load_ids: list[str]) -> None:
            from siyu.orchestration.loads import check_loads as check
            from siyu.orchestration.runs import current_run

            run = current_run()
            with run.step(f"check_{channel}") as step:
                check(run.home, load_ids, step)

        check_loads(extract_and_land())

    ingest_channel()


for name, entry in read_channels(find_home()).items():
    ingest(name, run_times(name, entry), load_settings(find_home()).business_timezone)
