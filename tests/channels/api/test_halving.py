"""Spans in halves: whatever a platform lists at most, every item of a span comes, from wherever it is resumed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from siyu.channels.api import Account, Window
from siyu.channels.api.halving import CHINA_TIME, SECONDS, Halved
from siyu.channels.api.pages import Item, Page
from siyu.channels.api.paging import Backwards, ByNumber, Paging, Reader

FORWARDS = ByNumber(page="page", size="size", per_page=4, total="total", most_pages=3)
BACKWARDS = Backwards(page="page", size="size", per_page=4, total="total", most_pages=3)
START, END = 1_793_462_400, 1_793_548_799  # 2026-11-01 in Shanghai, both included
MOST = 12


def halved(inner: Paging = FORWARDS) -> Halved:
    return Halved(inner=inner, start="from", end="to", spelling=SECONDS, most=MOST)


class Source:
    """Items at seconds of a day; refuses a page beyond the items that it lists at most."""

    def __init__(self, seconds: list[int]) -> None:
        self.seconds = sorted(seconds)
        self.asked: list[dict[str, Any]] = []

    def reader(self, start: Any = START, end: Any = END) -> Reader:
        moment = datetime(2026, 11, 1, tzinfo=UTC)
        return Reader(
            read=lambda asked: self.page({"from": start, "to": end} | dict(asked)),
            ask=lambda *_: pytest.fail("nothing else is asked"),
            account=Account(name="shop-1", brand_code="default", channel_code="youzan"),
            window=Window(start=moment, end=moment),
        )

    def page(self, asked: Mapping[str, Any]) -> Page:
        self.asked.append(dict(asked))
        assert asked["page"] * asked["size"] <= MOST, "a page that the platform does not list"
        found = [second for second in self.seconds if asked["from"] <= second <= asked["to"]]
        first = (asked["page"] - 1) * asked["size"]
        items = [Item(value=second) for second in found[first : first + asked["size"]]]
        return Page(document={"total": len(found)}, items=items, bytes=0, asked=dict(asked))


def values(paging: Paging, source: Source, at: Any = None) -> list[Any]:
    return [item.value for step in paging.pages(source.reader(), at) for item in step.page.items]


@pytest.mark.parametrize("inner", [FORWARDS, BACKWARDS], ids=["forwards", "backwards"])
def test_a_festival_is_read_whole_though_it_has_more_than_is_listed(inner: Paging) -> None:
    seconds = [START, END, *range(START + 40_000, START + 40_060)]
    assert sorted(values(halved(inner), Source(seconds))) == sorted(seconds)


@pytest.mark.parametrize("inner", [FORWARDS, BACKWARDS], ids=["forwards", "backwards"])
def test_a_quiet_day_costs_one_call(inner: Paging) -> None:
    source = Source([START + 5])
    assert values(halved(inner), source) == [START + 5]
    assert len(source.asked) == 1


def test_spans_neither_overlap_nor_leave_a_second_out() -> None:
    source = Source(list(range(START, START + 50)))
    list(halved().pages(source.reader(START, START + 49), None))
    leaves = {(one["from"], one["to"]) for one in source.asked if one["page"] > 1}
    leaves |= {(one["from"], one["to"]) for one in source.asked if one["to"] - one["from"] < MOST}
    covered = [second for start, end in leaves for second in range(start, end + 1)]
    assert sorted(covered) == list(range(START, START + 50))


@pytest.mark.parametrize("inner", [FORWARDS, BACKWARDS], ids=["forwards", "backwards"])
def test_it_goes_on_from_every_position_without_a_loss(inner: Paging) -> None:
    seconds = list(range(START, END, 2_000))
    steps = list(halved(inner).pages(Source(seconds).reader(), None))
    read: list[Any] = []
    for step in steps:
        read += [item.value for item in step.page.items]
        assert sorted(read + values(halved(inner), Source(seconds), step.after)) == seconds


def test_the_total_of_all_is_announced_not_that_of_a_half() -> None:
    steps = list(halved().pages(Source(list(range(START, END, 2_000))).reader(), None))
    assert {halved().announced(step.page) for step in steps} == {44}  # 86,399 / 2,000


@pytest.mark.parametrize("inner", [FORWARDS, BACKWARDS], ids=["forwards", "backwards"])
def test_more_in_one_second_than_is_listed_is_read_so_far_and_told(inner: Paging) -> None:
    source = Source([START] * (MOST + 1))
    reader = source.reader(START, START)
    steps = list(halved(inner).pages(reader, None))
    assert sum(len(step.page.items) for step in steps) == MOST
    assert "cut short: 13 items in one second, and 12 are listed" in reader.notes


def test_china_time_is_halved_at_its_seconds() -> None:
    """00:00:00 to 23:59:59 is 86,400 seconds: half of them is noon."""
    first, last = "2026-11-01 00:00:00", "2026-11-01 23:59:59"
    assert (CHINA_TIME.read(first), CHINA_TIME.read(last)) == (START, END)
    assert CHINA_TIME.write((START + END) // 2) == "2026-11-01 11:59:59"
