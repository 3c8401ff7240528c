"""F21: one poisoned record costs that record, however it is poisoned."""

import json
from typing import Any

import pytest

from siyu.channels.api.pages import HalfReplyError, take_apart
from siyu.landing import open_quarantine
from siyu.landing.personal import open_private_key, unseal
from siyu.settings import Home
from tests.channels.api.platform import Answer, running
from tests.channels.api.shop import extract, order, raw

GOOD = [order(number) for number in range(1, 6)]


def body_with(poison: bytes) -> bytes:
    """A reply whose third record is this one."""
    listed = [json.dumps(one, ensure_ascii=False).encode() for one in GOOD]
    listed.insert(2, poison)
    return b'{"errcode": 0, "total": 6, "data": {"orders": [' + b",".join(listed) + b"]}}"


def poisoned(**values: Any) -> bytes:
    return json.dumps(order(99) | values, ensure_ascii=True).encode()


POISONS = {
    "50 MB": (poisoned(status="x" * (50 << 20)), "too_large"),
    "10,000 deep": (poisoned()[:-1] + b', "deep": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too_deep"),
    "no UTF-8": (poisoned(status="PAID").replace(b"PAID", b"PA\xff\xfeD"), "not_utf8"),
    "NUL": (poisoned(status="PA\0ID"), "nul_byte"),
    "lone surrogate": (poisoned(status="PA\ud800ID"), "lone_surrogate"),
    "a number that is none": (poisoned(paid=0).replace(b'"paid": 0', b'"paid": NaN'), "not_json"),
    "a control character": (poisoned(status="PAID").replace(b"PAID", b"PA\x01ID"), "not_json"),
    "no object": (b'"a text"', "not_an_object"),
    "a number of 400 digits": (poisoned(paid=10**400), "out_of_range"),
    "a number of 5,000 digits": (
        poisoned(paid=0).replace(b'"paid": 0', b'"paid": ' + b"9" * 5000),
        "not_json",
    ),
    "a text beyond the limit": (poisoned(status="汉" * 500_000), "too_large"),
}


@pytest.mark.parametrize("name", POISONS)
def test_f21_only_the_poisoned_record_is_quarantined(home: Home, name: str) -> None:
    poison, reason = POISONS[name]
    with running(lambda _: Answer(body=body_with(poison))) as platform:
        record = extract(home, platform.url)
    assert sorted(raw(home, "orders", "order_id")) == sorted((str(one["id"]),) for one in GOOD)
    assert record.resources["orders"].counts.quarantine_reasons == {reason: 1}
    (row,) = open_quarantine(home)
    assert row.reason == reason
    assert record.vault is not None
    sealed = list(unseal(home.root / record.vault.file, open_private_key(home)))
    assert [one["kind"] for one in sealed if one["kind"] == "row"] == ["row"]
    assert record.extraction is not None
    assert record.extraction.is_complete


def test_f21_emoji_and_characters_beyond_the_basic_plane_are_text(home: Home) -> None:
    with running(lambda _: Answer(body=body_with(poisoned(status="PAID😀𠮷")))) as platform:
        record = extract(home, platform.url)
    assert record.resources["orders"].counts.quarantined == 0
    assert ("PAID😀𠮷",) in raw(home, "orders", "order_status")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"errcode": 0, "data": {"orders": [{"id": 1}',
        b'{"errcode": 0, "data": {"orders": [{"id": "open}]}}',
        b'{"errcode": 0, "data": {"orders": [{"id": 1]}}}',
        b'{"errcode": \xff, "data": {"orders": []}}',
    ],
)
def test_a_reply_that_is_broken_as_a_whole_is_no_page(body: bytes) -> None:
    with pytest.raises(HalfReplyError):
        take_apart(body, "data.orders")


def test_brackets_and_quotes_in_texts_do_not_mislead() -> None:
    text = (
        '{"a": "]}[{,\\"\\\\", "data": {"orders": [{"s": "\\"]},{"}, {"data": {"orders": [1]}}, {"x": NaN}]}}'
    )
    page = take_apart(text.encode(), "data.orders")
    assert [item.value for item in page.items] == [{"s": '"]},{'}, {"data": {"orders": [1]}}, None]
    assert [item.fault for item in page.items] == [None, None, "not_json"]
    assert page.document["data"] == {"orders": []}


def test_a_list_elsewhere_of_the_same_name_is_not_taken() -> None:
    page = take_apart(b'{"orders": [NaN], "data": {"orders": [1, 2]}}'.replace(b"NaN", b"3"), "data.orders")
    assert [item.value for item in page.items] == [1, 2]
