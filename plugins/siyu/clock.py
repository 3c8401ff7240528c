"""The only module that reads the clock, and the one function that says which business date a run is for."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(tz=UTC)


def business_date(*, asked: str | date | None, run_after: datetime, timezone: str) -> date:
    """Which business date a run is for.

    Args:
        asked: The DAG's `business_date` param, ISO (`2026-11-20`); None when the run was scheduled.
        run_after: When the run was due (aware). Never the moment it happened to start.
        timezone: IANA name of the home's business time zone.

    Returns:
        `asked` when given, else the local date of `run_after` minus one day.
    """
    if asked:
        return asked if isinstance(asked, date) else date.fromisoformat(asked)
    return run_after.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)


def local_date(moment: datetime, timezone: str) -> date:
    """The calendar date of an aware moment in an IANA time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()
