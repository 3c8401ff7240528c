"""F15: a platform that says "not so often" is asked less often, not for ever, and nothing is lost."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from siyu.channels.api.calls import Patience
from siyu.channels.api.judging import (
    AccountFailedError,
    QuotaGoneError,
    StreamStoppedError,
    UnavailableError,
)
from siyu.clock import utc_now
from siyu.landing import read_records
from siyu.settings import Home
from tests.channels.api.platform import (
    Answer,
    Asked,
    asked_of,
    most_in_a_second,
    running,
    running_apart,
)
from tests.channels.api.shop import CURSOR, connector, extract, order, orders_page, raw

ORDERS = [order(number) for number in range(1, 101)]  # five pages


def refusing(times: int, answer: Answer, *, page: int = 3) -> Callable[[Asked], Answer]:
    """A platform that gives this answer so many times when it is asked for a page."""
    left = [times]

    def reply(asked: Asked) -> Answer:
        if asked.body["page"] == page and left[0]:
            left[0] -= 1
            return answer
        return Answer(document=orders_page(ORDERS, asked.body))

    return reply


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=429),
        Answer(status=429, headers={"Retry-After": "0"}),
        Answer(document={"errcode": 1, "errmsg": "busy, from ip 10.0.0.1"}),
        Answer(document={"errcode": 3}),
    ],
    ids=["429", "429 with Retry-After", "busy under HTTP 200", "too often under HTTP 200"],
)
def test_f15_a_limit_that_passes_costs_tries_and_no_rows(home: Home, answer: Answer) -> None:
    with running(refusing(3, answer)) as platform:
        record = extract(home, platform.url)
    assert len(raw(home, "orders", "order_id")) == 100
    assert record.extraction is not None
    assert record.extraction.calls.retries == 3


@pytest.mark.parametrize(("form", "at_least"), [("seconds", 1.0), ("date", 0.5)])
def test_f15_retry_after_is_waited_for(home: Home, form: str, at_least: float) -> None:
    def reply(asked: Asked) -> Answer:
        if asked.number > 1:
            return Answer(document=orders_page(ORDERS[:5], asked.body))
        date = format_datetime(utc_now() + timedelta(seconds=3), usegmt=True)  # whole seconds
        return Answer(status=429, headers={"Retry-After": date if form == "date" else "1"})

    with running(reply) as platform:
        extract(home, platform.url)
    first, second = platform.asked
    assert second.at - first.at >= at_least


def test_f15_a_platform_that_stays_busy_is_given_up_within_the_bound(home: Home) -> None:
    patience = Patience(first_seconds=0.05, longest_seconds=0.2, tries=1000, whole_seconds=0.5)
    began = time.monotonic()
    with (
        running(refusing(10_000, Answer(document={"errcode": 1}))) as platform,
        pytest.raises(UnavailableError, match=r"/orders does not answer well: 1 \(busy\)"),
    ):
        extract(home, platform.url, patience=patience)
    assert platform.count("/orders") > 3
    assert time.monotonic() - began < 60


def test_f15_a_quota_that_is_gone_is_gone_until_midnight_there_and_goes_on_from_the_page_reached(
    home: Home,
) -> None:
    with running(refusing(1, Answer(document={"errcode": 2}), page=4)) as platform:
        shop = connector()
        shop = replace(shop, streams=(replace(shop.streams[0], in_flight=1), *shop.streams[1:]))
        with pytest.raises(QuotaGoneError) as raised:
            extract(home, platform.url, connector=shop)
        assert raised.value.until == datetime(2026, 11, 3, 16, tzinfo=UTC)  # midnight in Shanghai
        assert read_records(home) == ()
        asked = len(platform.asked)
        record = extract(home, platform.url, connector=shop)
        pages = [one.body["page"] for one in platform.asked[asked:]]
    assert pages == [4, 5]
    assert len(raw(home, "orders", "order_id")) == 100
    assert record.extraction is not None
    assert record.extraction.is_complete
    assert record.extraction.calls.calls == asked + 2  # of both runs


def test_f15_a_block_longer_than_our_patience_keeps_what_was_read(home: Home) -> None:
    with (
        running(refusing(1, Answer(document={"errcode": 4}))) as platform,
        pytest.raises(QuotaGoneError) as raised,
    ):
        extract(home, platform.url)
    assert raised.value.until == datetime(2026, 11, 3, 3, tzinfo=UTC)  # an hour after the clock of the run


def test_a_void_cursor_reads_the_stream_once_more_from_its_first_page(home: Home) -> None:
    void = [1]

    def reply(asked: Asked) -> Answer:
        start = int(asked.body["cursor"] or 0)
        if start == 40 and void:
            void.pop()
            return Answer(document={"errcode": 6})
        listed = ORDERS[start : start + 20]
        following = str(start + 20) if start + 20 < len(ORDERS) else ""
        return Answer(document={"errcode": 0, "next": following, "data": {"orders": listed}})

    with running(reply) as platform:
        extract(home, platform.url, connector=connector(CURSOR))
    assert [one.body["cursor"] for one in platform.asked] == ["", "20", "40", "", "20", "40", "60", "80"]
    assert len(raw(home, "orders", "order_id")) == 100


@pytest.mark.parametrize(
    ("code", "error", "told"),
    [
        (7, StreamStoppedError, r"7 \(not allowed\); ask for it"),
        (8, AccountFailedError, r"8 \(wrong secret\); mend it"),
        (99, StreamStoppedError, r"99 \(a code that the contract does not know\)"),
    ],
)
def test_a_refusal_says_what_to_repair_and_not_what_the_platform_wrote(
    home: Home, code: int, error: type[Exception], told: str
) -> None:
    answer = Answer(document={"errcode": code, "errmsg": "token abc of 13800000001 from ip 10.0.0.1"})
    with running(refusing(1, answer)) as platform, pytest.raises(error, match=told) as raised:
        extract(home, platform.url)
    assert "13800000001" not in str(raised.value)


@pytest.mark.soak
def test_f15_some_second_at_the_platform_sees_more_than_the_limit(
    home: Home, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    orders = [order(number) for number in range(1, 4001)]  # 200 pages

    def reply(asked: Asked) -> Answer:
        return Answer(document=orders_page(orders, asked.body), stall=0.05)

    shop = connector()
    shop = replace(shop, api=replace(shop.api, per_second=20))
    with running_apart(reply, tmp_path / "asked") as url:
        extract(home, url, connector=shop)
        moments = sorted(one.at for one in asked_of(tmp_path / "asked"))
    used = (len(moments) - 20) / (moments[-1] - moments[19]) / 20
    figure("rate_used_share", used)
    figure("rate_most_in_a_second", most_in_a_second(moments))
    assert most_in_a_second(moments) <= 21
