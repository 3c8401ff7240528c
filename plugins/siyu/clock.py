"""The only module that reads the clock. Whoever needs a moment takes it as a parameter; this is where it comes from."""

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# seconds that the clock of siyu is ahead of the machine's (behind: negative): nights of a simulated brand
SHIFT_VARIABLE = "SIYU_CLOCK_SHIFT_SECONDS"


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(tz=UTC) + clock_shift()


def clock_shift() -> timedelta:
    """How far the clock of siyu is from the machine's; nothing outside the sandbox."""
    return timedelta(seconds=float(os.environ.get(SHIFT_VARIABLE) or 0))


def local_date(moment: datetime, timezone: str) -> date:
    """The calendar date of an aware moment in an IANA time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()
