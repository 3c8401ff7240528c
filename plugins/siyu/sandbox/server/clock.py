"""The world's time. It stands still until somebody moves it, so that two reads of one list agree."""

import threading
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")  # every platform here counts its days and writes its times in this zone


class Clock:
    """The time the servers show, and the seconds that have passed for a caller.

    Args:
        at: Aware moment at which the world stands.
        per_call: How far every API call moves the clock on; above zero, rows appear and move while a list is read.
    """

    def __init__(self, at: datetime, *, per_call: timedelta = timedelta()) -> None:
        self._lock = threading.Lock()
        self._start = self._at = at
        self._started = time.monotonic()
        self.per_call = per_call

    def now(self) -> datetime:
        """The world's time, aware."""
        return self._at

    def utc(self) -> datetime:
        """The world's time as the world's tables write it: UTC, without a zone."""
        return self._at.astimezone(UTC).replace(tzinfo=None)

    def china_day(self) -> date:
        """The calendar day in China."""
        return self._at.astimezone(CHINA).date()

    def seconds(self) -> int:
        """The world's time as unix seconds."""
        return int(self._at.timestamp())

    def elapsed(self) -> float:
        """Seconds that have passed for a caller: real ones, and those the clock was moved on.

        Tokens age and rate limits recover by these, so that both do in a server that stands at one moment, and a test
        can let two hours pass at once.
        """
        return time.monotonic() - self._started + max((self._at - self._start).total_seconds(), 0)

    def set(self, at: datetime) -> None:
        """Move to an aware moment, forwards or backwards."""
        with self._lock:
            self._at = at

    def advance(self, by: timedelta) -> None:
        """Move on by a duration."""
        with self._lock:
            self._at += by

    def reset(self) -> None:
        """Back to the moment of the start."""
        with self._lock:
            self._at = self._start
            self.per_call = timedelta()
