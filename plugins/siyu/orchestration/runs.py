"""What a task knows of its run: home, settings, run id; and how an error of siyu ends a task."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from siyu.clock import local_date
from siyu.errors import EnvironmentFaultError, SiyuError, UsageError
from siyu.orchestration.journal import Step, recorded
from siyu.settings import Home, Settings, find_home, load_settings

RUN_ID_PATTERN = r"[A-Za-z0-9_-]{1,64}"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One task's view of the run it belongs to."""

    home: Home
    settings: Settings
    run_id: str
    run_after: datetime  # when the run was due, aware; never the moment a task happened to start
    params: dict[str, Any]

    @property
    def business_date(self) -> date:
        """The day that the run is for: the param where given, else the local day before the one it was due on."""
        if asked := self.params.get("business_date"):
            return date.fromisoformat(asked)
        return local_date(self.run_after, self.settings.business_timezone) - timedelta(days=1)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Record a step; what a retry cannot mend (a refusal, a bad mapping) fails the task at once."""
        try:
            with recorded(self.home, self.run_id, name) as step:
                yield step
        except EnvironmentFaultError:
            raise
        except SiyuError as error:
            raise AirflowFailException(str(error)) from error


def current_run() -> Run:
    """The run of the task that is being executed.

    Raises:
        UsageError: The run id asked for is none.
    """
    context = get_current_context()
    run_id = run_id_of(context)
    if not re.fullmatch(RUN_ID_PATTERN, run_id):
        raise UsageError(f"run id {run_id!r}", expected=f"something like {RUN_ID_PATTERN}")
    home = find_home().create()
    return Run(
        home=home,
        settings=load_settings(home),
        run_id=run_id,
        run_after=context["dag_run"].run_after,
        params=dict(context["params"]),
    )


def run_id_of(context: Any) -> str:
    """The run id of the DAG run that a task or callback belongs to.

    It is the one in the param `run_id` or in the event that woke the DAG, else it is made from the id of the DAG run,
    so that clearing a task finds the same build and the same candidate again.
    """
    asked = context.get("params", {}).get("run_id")
    return asked or _run_id_of_event(context) or _short_id(str(context["run_id"]))


def _run_id_of_event(context: Any) -> str | None:
    """The run id that the newest event of an asset carries, where an event woke the DAG."""
    ids = [
        event.extra["run_id"]
        for events in (context.get("triggering_asset_events") or {}).values()
        for event in events
        if "run_id" in (event.extra or {})
    ]
    return str(ids[-1]) if ids else None


def _short_id(dag_run_id: str) -> str:
    day = re.sub(r"[^0-9]", "", dag_run_id)[:14]
    return f"{day}-{hashlib.sha256(dag_run_id.encode()).hexdigest()[:8]}"
