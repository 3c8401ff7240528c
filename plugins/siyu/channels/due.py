"""Which windows of a stream are still to be read, and whether all is there that a business day needs.

Here: pure functions over load records. Not here: reading anything.

A day is *had* when a complete reading of the whole of it began after the platform had finished it. Nothing is kept
beside the load records: a night that was missed, a backfill in any order, a run that was killed all show in them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from siyu.channel_settings import Policy
from siyu.channels.api.declare import Stream, Window, WindowRule
from siyu.channels.configured import Channel
from siyu.clock import local_date
from siyu.landing import LoadRecord

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A stream without the day that a night needs of it."""

    channel: str
    account: str
    stream: str
    day: date
    policy: Policy
    is_ready: bool  # whether the platform has finished the day: before that nobody can have it

    @property
    def blocks(self) -> bool:
        """Whether a night that has to decide cannot do without it."""
        return self.policy is Policy.BLOCK and self.is_ready

    def __str__(self) -> str:
        return f"{self.channel}/{self.account}/{self.stream}"


def had_days(
    records: Iterable[LoadRecord], stream: Stream, channel: str, account: str, timezone: str
) -> frozenset[date]:
    """The days of a stream of an account that were read whole, after the platform had finished them."""
    days: set[date] = set()
    for record in records:
        read = record.extraction
        if (
            read is None
            or not read.is_complete
            or (record.source.channel, read.account, read.stream) != (channel, account, stream.name)
        ):
            continue
        first, after = local_date(read.window_start, timezone), local_date(read.window_end, timezone)
        days |= {
            day for day in _days(first, after - _DAY) if stream.is_ready(day, timezone, read.observed_at)
        }
    return frozenset(days)


def needed_day(stream: Stream, business_date: date) -> date:
    """The day that the night of a business date needs: a platform that takes two days is one behind."""
    return business_date - timedelta(days=stream.lag_days - 1)


def due_windows(
    stream: Stream,
    had: frozenset[date],
    business_date: date,
    *,
    since: date | None,
    timezone: str,
    now: datetime,
) -> list[Window]:
    """What the night of a business date has to read of a stream, oldest first; empty: nothing, or it is not ready.

    Days that were never read since `since` are read now, so that a channel that was down catches up; with them what
    the platform changes afterwards is read again; never what is older than it answers for. A snapshot is read for the
    newest day alone: what a list was yesterday, nobody can say today.
    """
    day = needed_day(stream, business_date)
    if not stream.is_ready(day, timezone, now) or (since is not None and day < since):
        return []
    if stream.window.most is None:
        is_over = day < needed_day(stream, local_date(now, timezone) - _DAY)
        return [] if day in had or is_over else [_window([day], timezone)]
    earliest = _earliest(stream, timezone, now)
    first = max(since, earliest) if since else None
    again = set(_days(max(day - timedelta(days=stream.window.look_back), earliest), day))
    missing = set(_days(first, day) if first else again) - had
    if not missing:
        return []
    if since is None:
        # what follows the last day that was had, however long ago that is
        last = max((one for one in had if one < day), default=None)
        missing |= set(_days(max(last + _DAY, earliest), day)) if last is not None else set()
    return [_window(run, timezone) for run in _runs(missing | again)]


def windows_between(stream: Stream, first: date, last: date, *, timezone: str, now: datetime) -> list[Window]:
    """What a backfill of these days reads of a stream: what the platform still answers for; nothing of a snapshot."""
    days = _days(max(first, _earliest(stream, timezone, now)), last)
    return [] if stream.window.most is None or not days else [_window(days, timezone)]


def missing_streams(
    channel: Channel, records: Iterable[LoadRecord], business_date: date, *, timezone: str, now: datetime
) -> list[Missing]:
    """Streams of a channel whose day is not there yet, account by account in the order of the configuration."""
    records = list(records)
    return [
        Missing(
            channel=channel.name,
            account=account.name,
            stream=stream.name,
            day=day,
            policy=channel.policies[stream.name],
            is_ready=stream.is_ready(day, timezone, now),
        )
        for account in channel.accounts
        for stream in channel.connector.streams
        if (day := needed_day(stream, business_date))
        not in had_days(records, stream, channel.name, account.name, timezone)
        and (channel.since is None or day >= channel.since)
    ]


def _earliest(stream: Stream, timezone: str, now: datetime) -> date:
    """The first day that the platform still answers for."""
    reach = stream.window.reach
    return date.min if reach is None else local_date(now, timezone) - timedelta(days=reach)


def _window(days: list[date], timezone: str) -> Window:
    """From the first to the last day, both included."""
    of_day = WindowRule().of_day
    return Window(start=of_day(days[0], timezone).start, end=of_day(days[-1], timezone).end)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _runs(days: Iterable[date]) -> list[list[date]]:
    """Days as stretches without a gap, in order."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == _DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
