"""The only module that reads the clock. Whoever needs a moment takes it as a parameter; this is where it comes from."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(tz=UTC)


def local_date(moment: datetime, timezone: str) -> date:
    """The calendar date of an aware moment in an IANA time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()
