"""Which windows are due: nights that were missed, backfills, half readings, and hours before a platform is ready."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from siyu.channel_settings import AccountEntry, Policy
from siyu.channels.api import Connector, Stream, Window, WindowRule
from siyu.channels.configured import Channel
from siyu.channels.due import due_windows, had_days, missing_streams, windows_between
from siyu.channels.ocean_engine import CONNECTOR
from siyu.landing import Extraction, LoadRecord, Source

CHINA = "Asia/Shanghai"
NIGHT = date(2026, 3, 10)
NOON_AFTER = datetime(2026, 3, 11, 4, tzinfo=UTC)  # noon of the 11th in Shanghai


def stream(
    *,
    look_back: int = 0,
    ready_at: time = time(8),
    lag_days: int = 1,
    is_list: bool = False,
    reach: int | None = None,
) -> Stream:
    declared = CONNECTOR.streams[0]
    rule = WindowRule(most=None if is_list else timedelta(days=30), look_back=look_back, reach=reach)
    return Stream(
        **{name: getattr(declared, name) for name in ("name", "request", "paging", "items", "tables")},
        window=rule,
        ready_at=ready_at,
        lag_days=lag_days,
    )


def days(first: int, last: int | None = None) -> Window:
    """Days of March 2026 in Shanghai, both included."""
    start = datetime(2026, 2, 28, 16, tzinfo=UTC)
    return Window(start=start + timedelta(days=first - 1), end=start + timedelta(days=last or first))


def read(window: Window, *, at: datetime | None = None, is_complete: bool = True, **other: Any) -> LoadRecord:
    """A load of the stream; without `at` it was read at noon after its last day."""
    asked = {"account": "shop", "channel": "ocean_engine", "stream": "campaign_daily", **other}
    return LoadRecord(
        load_id="0" * 16,
        sequence=1,
        source=Source(
            channel=asked["channel"], name="-", sha256="0" * 64, bytes=0, mapping="-", mapping_sha256="0" * 64
        ),
        landed_at=NOON_AFTER,
        resources={},
        vault=None,
        extraction=Extraction(
            account=asked["account"],
            stream=asked["stream"],
            window_start=window.start,
            window_end=window.end,
            observed_at=at or window.end + timedelta(hours=12),
            is_complete=is_complete,
            announced=None,
            items=0,
            pages=0,
        ),
    )


def had(one: Stream, *records: LoadRecord) -> frozenset[date]:
    return had_days(records, one, "ocean_engine", "shop", CHINA)


def due(one: Stream, *records: LoadRecord, since: int | None = None, **changed: Any) -> list[Window]:
    asked: dict[str, Any] = {
        "now": NOON_AFTER,
        "timezone": CHINA,
        "since": date(2026, 3, since) if since else None,
    }
    return due_windows(one, had(one, *records), changed.pop("night", NIGHT), **(asked | changed))


def test_a_first_night_reads_less_or_more_than_it_was_asked_for() -> None:
    assert due(stream()) == [days(10)]
    assert due(stream(look_back=3)) == [days(7, 10)]
    assert due(stream(), since=1) == [days(1, 10)]


def test_a_night_that_has_been_read_is_read_again() -> None:
    assert due(stream(look_back=3), read(days(7, 10))) == []
    assert due(stream(), read(days(1, 10)), since=1) == []


def test_a_day_that_was_read_too_early_or_not_to_its_end_counts_as_read() -> None:
    early = datetime(2026, 3, 10, 23, 59, tzinfo=UTC)  # 07:59 in Shanghai, the platform is ready at 08:00
    assert due(stream(), read(days(10), at=early)) == [days(10)]
    assert due(stream(), read(days(10), at=early + timedelta(minutes=1))) == []
    assert due(stream(), read(days(10), is_complete=False)) == [days(10)]


@pytest.mark.parametrize("other", [{"account": "b"}, {"stream": "b"}, {"channel": "wecom"}])
def test_a_reading_of_something_else_counts(other: dict[str, str]) -> None:
    assert due(stream(), read(days(10), **other)) == [days(10)]


def test_a_channel_that_was_down_for_three_days_does_not_catch_up() -> None:
    assert due(stream(), read(days(6))) == [days(7, 10)]
    assert due(stream(), read(days(1, 6)), since=1) == [days(7, 10)]


def test_a_gap_in_the_past_is_not_read_or_all_since_is_read_again() -> None:
    assert due(stream(look_back=1), read(days(1, 3)), read(days(5, 9)), since=1) == [days(4), days(9, 10)]


def test_backfills_in_another_order_leave_something_to_read() -> None:
    assert due(stream(), read(days(8, 10)), read(days(1, 2)), read(days(3, 7)), since=1) == []


def test_a_platform_that_is_not_ready_is_asked() -> None:
    before_eight = datetime(2026, 3, 10, 23, tzinfo=UTC)
    assert due(stream(), now=before_eight) == []
    assert due(stream(lag_days=2)) == [days(9)]
    assert due(stream(), since=11) == []


def test_a_list_is_read_for_a_day_that_is_over() -> None:
    friends = stream(is_list=True)
    assert due(friends, since=1) == [days(10)]
    assert due(friends, read(days(10)), since=1) == []
    assert due(friends, since=1, night=date(2026, 3, 9)) == []
    asked = (date(2026, 3, 1), date(2026, 3, 3))
    assert windows_between(friends, *asked, timezone=CHINA, now=NOON_AFTER) == []
    assert windows_between(stream(), *asked, timezone=CHINA, now=NOON_AFTER) == [days(1, 3)]


def test_a_platform_is_asked_for_days_that_it_does_not_answer_for() -> None:
    points = stream(look_back=3, reach=5)  # today is the 11th: from the 6th on
    assert due(points, since=1) == [days(6, 10)]
    assert due(points, read(days(1)), read(days(6, 9))) == [days(7, 10)]
    asked = (date(2026, 3, 1), date(2026, 3, 7))
    assert windows_between(points, *asked, timezone=CHINA, now=NOON_AFTER) == [days(6, 7)]
    assert windows_between(points, date(2026, 3, 1), date(2026, 3, 5), timezone=CHINA, now=NOON_AFTER) == []


def test_a_stream_that_a_night_lacks_is_not_named_with_its_policy() -> None:
    one = stream()
    channel = Channel(
        connector=Connector(channel="ocean_engine", settings=(), api=CONNECTOR.api, streams=(one,)),
        accounts=tuple(
            AccountEntry(name=name, connection="ads", surface="douyin_feed") for name in ("shop", "b")
        ),
        policies={one.name: Policy.PUBLISH_WITHOUT},
        since=None,
    )
    missing = missing_streams(
        channel, [read(days(10)), read(days(9), account="b")], NIGHT, timezone=CHINA, now=NOON_AFTER
    )
    assert [(str(lack), lack.day, lack.policy) for lack in missing] == [
        ("ocean_engine/b/campaign_daily", NIGHT, Policy.PUBLISH_WITHOUT)
    ]
    assert missing_streams(channel, [], date(2026, 3, 9), timezone=CHINA, now=NOON_AFTER)[0].day == date(
        2026, 3, 9
    )
