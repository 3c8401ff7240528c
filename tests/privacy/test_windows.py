"""Who was forgotten does not come back from an API: not with a new version, a bad row, or a window half read before."""

import json
from typing import Any

import pytest

from siyu.channels.api.judging import QuotaGoneError
from siyu.landing.personal import open_keys
from siyu.privacy import Request, erase
from siyu.privacy.persons import id_of
from siyu.settings import Home, Settings
from tests.channels.api.platform import Answer, Asked, running
from tests.channels.api.shop import extract, order, orders_page, raw
from tests.privacy.searching import unsealed

WHO = {"by": "li.na", "reason": "test"}
CANARY, PHONE = "oCanary00001", "13800000001"


def serving(orders: list[Any]) -> Any:
    return lambda asked: Answer(document=orders_page(orders, asked.body))


def forget_the_first_buyer(home: Home) -> None:
    ((brand, channel),) = {(row[0], row[1]) for row in raw(home, "orders", "brand_code, channel_code")}
    token = open_keys(home).tokenizer.customer(brand, channel, CANARY)
    member_id = id_of(f"customer|{channel}|{token}")
    proof = erase(home, Settings(), [Request(kind="member_id", value=member_id)], **WHO)
    assert proof.persons == 1


def sealed(home: Home) -> str:
    return json.dumps(unsealed(home), ensure_ascii=False)


def test_f34_a_new_version_or_a_bad_row_brings_somebody_back(home: Home) -> None:
    first = [order(1), order(2)]
    with running(serving(first)) as platform:
        extract(home, platform.url)
    assert CANARY in sealed(home)
    forget_the_first_buyer(home)
    assert CANARY not in sealed(home)
    assert PHONE not in sealed(home)
    changed = [
        order(1, updated=1_793_600_000, paid=299),
        order(2),
        order(51, paid="x", buyer={"openid": CANARY}),
    ]
    with running(serving(changed)) as platform:
        record = extract(home, platform.url)
    counts = record.resources["orders"].counts
    assert (counts.read, counts.landed, counts.unchanged, counts.quarantined, counts.erased) == (
        3,
        1,
        1,
        0,
        1,
    )
    assert counts.is_conserved
    assert record.extraction is not None
    assert record.extraction.is_complete, (
        "who was left out is taken for somebody whom the platform did not send"
    )
    tokens = raw(home, "orders", "order_id, customer_token is null")
    assert sorted(tokens) == [
        ("3100000000000000001", True),
        ("3100000000000000001", True),
        ("3100000000000000002", False),
    ]
    assert CANARY not in sealed(home)


def test_f34_a_window_that_was_half_read_before_brings_somebody_back(home: Home) -> None:
    orders = [order(number) for number in range(1, 51)]

    def stops_at_page_3(asked: Asked) -> Answer:
        return Answer(document={"errcode": 2}) if asked.body["page"] == 3 else serving(orders)(asked)

    with running(serving(orders[:1])) as platform:
        extract(home, platform.url)
    with running(stops_at_page_3) as platform, pytest.raises(QuotaGoneError):
        extract(home, platform.url, chunk_rows=30)
    assert list(home.pending.rglob("*.rows"))
    forget_the_first_buyer(home)
    assert not list(home.pending.rglob("*.rows"))
    with running(serving(orders)) as platform:
        record = extract(home, platform.url, chunk_rows=30)
    assert record.extraction is not None
    assert record.extraction.is_complete
    assert record.resources["orders"].counts.read == len(orders)
    assert CANARY not in sealed(home)
    named = raw(home, "orders", "order_id, customer_token is null")
    assert [is_nobodys for _, is_nobodys in sorted(named)].count(True) == 1
