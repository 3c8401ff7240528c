"""F17: a platform that miscounts, repeats itself or promises for ever costs no row and no endless loop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from siyu.channels.api.declare import Window
from siyu.channels.api.paging import ByNumber, Cursor
from siyu.landing import Extraction, LoadRecord
from siyu.settings import Home
from tests.channels.api.platform import Answer, Asked, Platform, running
from tests.channels.api.shop import (
    BACKWARDS,
    CURSOR,
    DAY,
    NUMBERS,
    connector,
    extract,
    order,
    orders_page,
    raw,
)

ORDERS = [order(number) for number in range(1, 101)]  # five pages
IDS = sorted((str(one["id"]),) for one in ORDERS)


def pages(platform: Platform) -> list[int]:
    return [one.body["page"] for one in platform.asked]


def told(record: LoadRecord) -> Extraction:
    assert record.extraction is not None
    return record.extraction


def by_cursor(following: Callable[[int], Any], *, size: int = 20) -> Callable[[Asked], Answer]:
    """A platform of cursors that count rows; `following` says the next one, given where the page ended."""

    def reply(asked: Asked) -> Answer:
        start = int(asked.body["cursor"] or 0)
        listed = ORDERS[start : start + size]
        document = {"errcode": 0, "next": following(start + size), "data": {"orders": listed}}
        return Answer(document=document)

    return reply


def test_f17_rows_that_come_in_while_pages_are_turned_are_read_too(home: Home) -> None:
    orders = list(ORDERS)

    def reply(asked: Asked) -> Answer:
        if asked.body["page"] == 5 and len(orders) == 100:
            orders.extend(order(number) for number in range(101, 106))
        return Answer(document=orders_page(orders, asked.body))

    with running(reply) as platform:
        record = extract(home, platform.url)
    assert len(raw(home, "orders", "order_id")) == 105
    assert told(record).is_complete


def test_f17_rows_that_move_behind_us_are_found_by_reading_again(home: Home) -> None:
    moved = [*ORDERS[1:], order(1, updated=order(1)["updated"] + 999)]
    seen: list[int] = []

    def reply(asked: Asked) -> Answer:
        # order 1 changes after page 1 was read: all others move one place ahead, and order 21 out of page 2
        orders = moved if 1 in seen else ORDERS
        seen.append(asked.body["page"])
        return Answer(document=orders_page(orders, asked.body))

    with running(reply) as platform:
        record = extract(home, platform.url)
    assert sorted(set(raw(home, "orders", "order_id"))) == IDS
    assert told(record).is_complete
    assert record.resources["orders"].counts.is_conserved


def test_f17_the_last_page_first_loses_no_row_when_one_leaves_the_window(home: Home) -> None:
    left = [
        one for one in ORDERS if one["id"] != order(50)["id"]
    ]  # changed now: it belongs to a later window
    read = [0]

    def reply(asked: Asked) -> Answer:
        read[0] += 1
        return Answer(document=orders_page(left if read[0] > 2 else ORDERS, asked.body))

    with running(reply) as platform:
        record = extract(home, platform.url, connector=connector(BACKWARDS))
    assert pages(platform) == [1, 5, 4, 3, 2, 1]
    assert len(raw(home, "orders", "order_id")) == 99
    assert told(record).is_complete


def test_f17_an_empty_page_in_the_middle_is_no_end_and_its_rows_are_missed(home: Home) -> None:
    empty = [1]

    def reply(asked: Asked) -> Answer:
        if asked.body["page"] == 3 and empty:
            empty.pop()
            return Answer(document={"errcode": 0, "total": 100, "data": {"orders": []}})
        return Answer(document=orders_page(ORDERS, asked.body))

    with running(reply) as platform:
        record = extract(home, platform.url)
    assert sorted(raw(home, "orders", "order_id")) == IDS
    assert told(record).is_complete


def test_f17_a_total_that_never_comes_true_ends_and_is_on_record(home: Home) -> None:
    with running(lambda asked: Answer(document=orders_page(ORDERS, asked.body, total=107))) as platform:
        record = extract(home, platform.url)
    assert sorted(raw(home, "orders", "order_id")) == IDS
    assert (told(record).announced, told(record).items) == (107, 100)
    assert not told(record).is_complete
    assert len(platform.asked) <= 3 * 6


def test_f17_a_total_that_grows_for_ever_is_followed_for_a_tenth(home: Home) -> None:
    def reply(asked: Asked) -> Answer:
        return Answer(document=orders_page(ORDERS, asked.body, total=20 * (asked.body["page"] + 5)))

    with running(reply) as platform:
        record = extract(home, platform.url)
    assert max(pages(platform)) <= 7  # six were announced, and a tenth more
    assert not told(record).is_complete
    assert sorted(raw(home, "orders", "order_id")) == IDS


def test_f17_a_last_page_that_comes_twice_doubles_nothing(home: Home) -> None:
    def reply(asked: Asked) -> Answer:
        asked_for = asked.body | {"page": min(asked.body["page"], 5)}
        return Answer(document=orders_page(ORDERS, asked_for, total=120))

    with running(reply) as platform:
        record = extract(home, platform.url)
    assert sorted(raw(home, "orders", "order_id")) == IDS
    assert len(raw(home, "order_lines", "order_id")) == 200
    assert told(record).announced == 120
    assert not told(record).is_complete


def test_f17_a_cursor_that_comes_twice_ends_and_is_on_record(home: Home) -> None:
    with running(by_cursor(lambda end: str(end) if end < 60 else "20")) as platform:
        record = extract(home, platform.url, connector=connector(CURSOR))
    assert len(platform.asked) == 3
    assert told(record).notes == ("cut short: a cursor came twice",)
    assert not told(record).is_complete
    assert len(raw(home, "orders", "order_id")) == 60


def test_f17_an_empty_page_under_a_cursor_is_no_end(home: Home) -> None:
    def reply(asked: Asked) -> Answer:
        if asked.body["cursor"] == "40":
            return Answer(document={"errcode": 0, "next": "40b", "data": {"orders": []}})
        start = 40 if asked.body["cursor"] == "40b" else int(asked.body["cursor"] or 0)
        following = str(start + 20) if start + 20 < 100 else ""
        listed = ORDERS[start : start + 20]
        return Answer(document={"errcode": 0, "next": following, "data": {"orders": listed}})

    with running(reply) as platform:
        record = extract(home, platform.url, connector=connector(CURSOR))
    assert sorted(raw(home, "orders", "order_id")) == IDS
    assert told(record).is_complete


def test_f17_a_promise_of_more_for_ever_is_believed_until_a_page_repeats(home: Home) -> None:
    def reply(asked: Asked) -> Answer:
        asked_for = asked.body | {"page": min(asked.body["page"], 5)}
        return Answer(document={**orders_page(ORDERS, asked_for), "has_next": True})

    has_next = ByNumber(page="page", size="size", per_page=20, more="has_next")
    with running(reply) as platform:
        record = extract(home, platform.url, connector=connector(has_next))
    assert pages(platform) == [1, 2, 3, 4, 5, 6]
    assert told(record).notes == ("cut short: the same page came twice, with more promised",)
    assert sorted(raw(home, "orders", "order_id")) == IDS


def test_f17_a_promise_of_more_ends_at_the_largest_number_of_pages(home: Home) -> None:
    endless = Cursor(cursor="cursor", next="next", size="size", per_page=20, most_pages=8)
    with running(by_cursor(str)) as platform:
        record = extract(home, platform.url, connector=connector(endless))
    assert len(platform.asked) == 8
    assert told(record).notes == ("cut short: more is promised after 8 pages",)


def test_an_offset_that_equals_the_total_is_the_end(home: Home) -> None:
    def reply(asked: Asked) -> Answer:
        start = asked.body["offset"]
        listed = ORDERS[start : start + 20]
        document = {
            "errcode": 0,
            "total": 100,
            "next_offset": start + len(listed),
            "data": {"orders": listed},
        }
        return Answer(document=document)

    offsets = Cursor(
        cursor="offset",
        next="next_offset",
        size="limit",
        per_page=20,
        first=0,
        total="total",
        ends_at_total=True,
    )
    with running(reply) as platform:
        record = extract(home, platform.url, connector=connector(offsets))
    assert [one.body["offset"] for one in platform.asked] == [0, 20, 40, 60, 80]
    assert told(record).is_complete


def test_a_window_longer_than_the_platform_allows_is_asked_for_in_pieces(home: Home) -> None:
    week = Window(start=DAY.start, end=DAY.start + timedelta(days=7))

    def reply(asked: Asked) -> Answer:
        first = (asked.body["from"] - int(DAY.start.timestamp())) // 86_400
        return Answer(document=orders_page(ORDERS[first * 10 : first * 10 + 30], asked.body))

    with running(reply) as platform:
        record = extract(
            home, platform.url, connector=connector(NUMBERS, most=timedelta(days=3)), window=week
        )
    spans = {(one.body["from"], one.body["to"]) for one in platform.asked}
    assert sorted(round((end - start) / 86_400) for start, end in spans) == [1, 3, 3]
    assert min(start for start, _ in spans) == DAY.start.timestamp()
    assert max(end for _, end in spans) == week.end.timestamp()
    assert told(record).announced == 90


def test_an_empty_window_is_a_load_without_rows(home: Home) -> None:
    with running(lambda asked: Answer(document=orders_page([], asked.body))) as platform:
        record = extract(home, platform.url)
    assert told(record).is_complete
    assert (told(record).announced, told(record).items) == (0, 0)
    assert record.resources["orders"].counts.read == 0
    assert raw(home, "orders", "order_id") == []
