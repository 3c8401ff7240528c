"""F18: whatever a platform changes in its records is kept, quarantined or stops the stream, and always told."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from siyu.channels.api import Account
from siyu.channels.api.pages import Item, Page
from siyu.channels.api.rows import Gathering
from siyu.errors import RefusedError
from siyu.landing import LoadRecord, read_records
from siyu.settings import Home
from tests.channels.api.platform import Answer, running
from tests.channels.api.shop import LINES, NOW, extract, order, orders_page, raw
from tests.channels.api.shop import ORDERS as ORDERS_TABLE

Change = Callable[[dict[str, Any]], None]
ORDERS = 40


def read(home: Home, orders: list[Any]) -> LoadRecord:
    with running(lambda asked: Answer(document=orders_page(orders, asked.body))) as platform:
        return extract(home, platform.url)


def changed(change: Change, *, of: int = ORDERS, numbers: range = range(1, ORDERS + 1)) -> list[Any]:
    orders = [order(number) for number in range(1, of + 1)]
    for number in numbers:
        change(orders[number - 1])
    return orders


def told(record: LoadRecord) -> set[tuple[str, str, str, int]]:
    assert record.extraction is not None
    return {(one.resource, one.field, one.what, one.rows) for one in record.extraction.drift}


def test_nothing_is_told_of_records_as_declared(home: Home) -> None:
    assert told(read(home, changed(lambda _: None))) == set()


def test_f18_an_added_field_is_kept_by_name_and_type_and_told(home: Home) -> None:
    record = read(home, changed(lambda one: one.update(wechat_id="wxCanary", vip={"level": 3})))
    assert told(record) == {("orders", "wechat_id", "added", 40), ("orders", "vip", "added", 40)}
    ((more,), *_) = raw(home, "orders", "_more")
    assert json.loads(more) == {"wechat_id": "string", "vip": "object"}


def test_f18_an_added_field_is_kept_with_its_value_only_where_nobody_can_be_in_it(home: Home) -> None:
    read(home, changed(lambda one: one.update(weather={"sky": "rain", "degrees": 7})))
    ((more,), *_) = raw(home, "orders", "_more")
    assert json.loads(more) == {"weather": {"sky": "rain", "degrees": 7}}


def test_f18_an_added_field_of_a_line_is_told_of_the_lines(home: Home) -> None:
    record = read(home, changed(lambda one: one["lines"][0].update(colour="red"), numbers=range(1, 2)))
    assert told(record) == {("order_lines", "colour", "added", 1)}


def test_a_name_that_looks_like_a_value_is_told_without_it(home: Home) -> None:
    record = read(home, changed(lambda one: one.update({"13800138000": "x"}), numbers=range(1, 2)))
    assert told(record) == {("orders", "99999999999", "added", 1)}
    assert "13800138000" not in (home.root / record.path).read_text()


def test_f18_a_field_that_is_gone_is_told_where_it_may_lack_and_stops_where_it_may_not(home: Home) -> None:
    record = read(home, changed(lambda one: one.pop("status")))
    assert told(record) == {("orders", "status", "missing", 40)}
    with pytest.raises(RefusedError, match="orders missing_value: 40"):
        read(home, changed(lambda one: one.pop("paid")))


def test_f18_a_renamed_field_is_told_twice_or_stops(home: Home) -> None:
    record = read(home, changed(lambda one: one.update(state=one.pop("status"))))
    assert told(record) == {("orders", "status", "missing", 40), ("orders", "state", "added", 40)}
    with pytest.raises(RefusedError, match="orders missing_value: 40"):
        read(home, changed(lambda one: one.update(paid_fen=one.pop("paid"))))


def test_f18_a_changed_type_stops_that_stream_alone(home: Home) -> None:
    with pytest.raises(RefusedError, match="orders not_fen: 40"):
        read(home, changed(lambda one: one.update(paid=f"{one['paid'] / 100:.2f}")))
    assert read_records(home) == ()
    with pytest.raises(RefusedError, match="orders out_of_range: 40"):
        read(home, changed(lambda one: one.update(created=one["created"] * 1000)))


def test_f18_one_record_of_another_type_is_quarantined_and_told(home: Home) -> None:
    record = read(home, changed(lambda one: one.update(paid=[1]), numbers=range(7, 8)))
    assert told(record) == {("orders", "paid", "not_fen", 1)}
    assert record.resources["orders"].counts.quarantine_reasons == {"not_fen": 1}
    assert len(raw(home, "orders", "order_id")) == 39


def test_f18_null_for_a_number_is_quarantined_or_told(home: Home) -> None:
    record = read(home, changed(lambda one: one.update(paid=None, updated=None), numbers=range(7, 8)))
    assert told(record) == {
        ("orders", "paid", "null", 1),
        ("orders", "updated", "null", 1),
        ("order_lines", "^.updated", "null", 2),
    }
    assert record.resources["orders"].counts.quarantine_reasons == {"missing_value": 1}


def test_f18_a_new_word_lands_and_is_told(home: Home) -> None:
    record = read(home, changed(lambda one: one.update(status="FROZEN"), numbers=range(7, 8)))
    assert told(record) == {("orders", "status", "new_value", 1)}
    assert ("FROZEN",) in raw(home, "orders", "order_status")


def test_f18_a_list_that_is_gone_is_told(home: Home) -> None:
    record = read(home, changed(lambda one: one.pop("lines"), numbers=range(7, 8)))
    assert told(record) == {("order_lines", "lines", "missing", 1)}


def test_a_field_that_nobody_had_seen_is_told_when_it_appears(home: Home) -> None:
    record = read(home, changed(lambda one: one.update(gift="g-1"), numbers=range(7, 8)))
    assert told(record) == {("orders", "gift", "appeared", 1)}
    assert ("g-1",) in raw(home, "orders", "gift_id")


CHANGES: dict[str, Callable[[str, dict[str, Any]], object]] = {
    "added": lambda name, one: one.update({f"{name}_new": "x"}),
    "removed": lambda name, one: one.pop(name),
    "renamed": lambda name, one: one.update({f"{name}2": one.pop(name)}),
    "a list": lambda name, one: one.update({name: ["x"]}),
    "a list of objects": lambda name, one: one.update({name: [{"is": "x"}]}),
    "an object": lambda name, one: one.update({name: {"is": "x"}}),
    "null": lambda name, one: one.update({name: None}),
    "true": lambda name, one: one.update({name: True}),
    "a fraction": lambda name, one: one.update({name: Decimal("1.005")}),
}
FIELDS = ("id", "status", "paid", "created", "updated", "buyer", "lines")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("change", CHANGES)
def test_f18_of_63_drifts_none_is_silent(change: str, field: str) -> None:
    one = order(1)
    CHANGES[change](field, one)
    gathering = Gathering(
        (ORDERS_TABLE, LINES),
        Account(name="shop-1", brand_code="default", channel_code="youzan"),
        observed_at=NOW,
        text_limit=1000,
        rows_read={},
        items=0,
        rejected=(),
        drift={},
    )
    gathering.add(Page(document={}, items=[Item(value=one)], bytes=0))
    assert gathering.drift, "silent"
