"""The hour by which a night is to be published, as an Airflow deadline: when it passes, `tell_late` is called.

Here: when the deadline of a run is. Not here: what is said then (alerts). `plugins/siyu_airflow.py` makes Airflow know
the reference, without which it could not start a run.

Each DAG of the night carries it, since the one that publishes has no run before the one in front of it is done.
Airflow's scheduler looks for missed deadlines every few seconds and calls back in the executor: a run that has
succeeded by then has none any more.
"""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert

from siyu.clock import utc_now
from siyu.errors import SiyuError
from siyu.orchestration.alerts import tell_late
from siyu.settings import Settings, find_home, load_settings

# a run that is started later than this after the hour is no longer last night's
NIGHT_ENDS_AFTER = timedelta(hours=1)


class PublicationDue(BaseDeadlineReference):
    """The moment `published_by` of the day on which a run is made, in the home's business time zone."""

    def _evaluate_with(self, **_: Any) -> datetime | None:
        """Called by Airflow when it makes a run; None is no deadline. Raising would keep the run from being made."""
        try:
            settings = load_settings(find_home())
        except (SiyuError, OSError, ValueError):  # settings that cannot be read: the run itself will tell
            return None
        return due_at(utc_now(), settings.published_by, settings.business_timezone)


def due_at(made_at: datetime, published_by: str, timezone: str) -> datetime | None:
    """When a run made at this moment (aware) is late; None where it is made long after the hour."""
    zone = ZoneInfo(timezone)
    hour = time.fromisoformat(published_by)
    due = datetime.combine(made_at.astimezone(zone).date(), hour, tzinfo=zone)
    return due if made_at < due + NIGHT_ENDS_AFTER else None


def decision_cron() -> tuple[str, str]:
    """When a night that still lacks something is decided, as a cron line and its time zone: for a DAG's schedule."""
    try:
        settings = load_settings(find_home())
    except (SiyuError, OSError, ValueError):  # settings that cannot be read: the run itself will tell
        settings = Settings()
    hour = time.fromisoformat(settings.decide_by)
    return f"{hour.minute} {hour.hour} * * *", settings.business_timezone


def publication_deadline() -> DeadlineAlert:
    """The deadline of a DAG of the night."""
    return DeadlineAlert(
        reference=PublicationDue(),
        interval=timedelta(0),
        callback=SyncCallback(tell_late),
        name="published_by",
    )
