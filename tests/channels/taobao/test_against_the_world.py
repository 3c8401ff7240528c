"""Taobao over a generated world: what has landed is what the world holds, no row lost, none twice, to the fen."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from siyu.channels.api import Account, WindowRule
from siyu.channels.api.judging import QuotaGoneError
from siyu.channels.taobao import CONNECTOR
from siyu.settings import Home
from tests.channels.sandboxed import FIRST, LAST, Sandbox, asking_landed, is_whole, landed, sandbox, window
from tests.channels.taobao.truth import EQUAL

WHOLE = window(FIRST, LAST + timedelta(days=1))
BY_DAYS = WindowRule(most=timedelta(days=1))  # by half hours it would take thousands of calls


@pytest.fixture
def tmall(small_world: Path) -> Iterator[Sandbox]:
    with sandbox(small_world, CONNECTOR, "/taobao") as served:
        yield served


@pytest.fixture
def shop(tmall: Sandbox) -> Account:
    app = tmall.app("main")
    settings = {"app_key": app.app_id, "app_secret": app.secret, **app.grants}
    return tmall.account("tmall-1", "tmall_shop", settings)


@pytest.mark.parametrize(
    "stream", [pytest.param("orders", marks=pytest.mark.soak), "refunds", "reviews", "members"]
)
def test_a_row_of_tmall_is_lost_or_doubled_or_differs(
    tmall: Sandbox, shop: Account, home: Home, stream: str
) -> None:
    changes = {"window": BY_DAYS} if stream == "orders" else {}
    assert is_whole(tmall.extract(home, shop, stream, WHOLE, **changes))
    with asking_landed(home, CONNECTOR) as ask:
        for table in CONNECTOR.stream(stream).tables:
            ours, theirs = EQUAL[table.name]
            assert ask(ours) == tmall.expected(theirs)


def test_a_buyer_of_tmall_has_two_tokens(tmall: Sandbox, shop: Account, home: Home) -> None:
    assert is_whole(tmall.extract(home, shop, "members", WHOLE))
    assert is_whole(tmall.extract(home, shop, "orders", window(LAST, LAST), window=BY_DAYS))
    ordering, known = (
        {token for (token,) in landed(home, f"taobao__{name}", "customer_token")}
        for name in ("orders", "members")
    )
    assert ordering <= known


@pytest.mark.soak
def test_f16_a_day_with_faults_of_every_kind_lands_as_one_without(
    tmall: Sandbox, shop: Account, home: Home
) -> None:
    days = window(LAST - timedelta(days=4), LAST + timedelta(days=1))
    columns = "order_id, updated_at, paid_amount"
    other = Home(home.root.parent / "other").create()
    tmall.extract(other, shop, "orders", days, window=BY_DAYS)
    tmall.server.fault("token_expired", channel="taobao", after=5, times=1)
    for kind in ("http_500", "half_body", "broken_gzip", "html", "reset"):
        tmall.server.fault(kind, channel="taobao", share=0.1, seed=7)
    record = tmall.extract(home, shop, "orders", days, window=BY_DAYS)
    assert is_whole(record)
    assert record.extraction is not None
    assert record.extraction.calls.refreshes == 2  # the first token, and another for the one that ended
    assert record.extraction.calls.retries > 0
    assert landed(home, "taobao__orders", columns) == landed(other, "taobao__orders", columns)


@pytest.mark.soak
def test_f15_a_quota_that_is_gone_costs_a_day_and_no_row(tmall: Sandbox, shop: Account, home: Home) -> None:
    days = window(LAST - timedelta(days=9), LAST + timedelta(days=1))
    other = Home(home.root.parent / "other").create()
    tmall.extract(other, shop, "orders", days, window=BY_DAYS)
    tmall.server.fault("quota_gone", channel="taobao", after=5)
    with pytest.raises(QuotaGoneError):
        tmall.extract(home, shop, "orders", days, window=BY_DAYS)
    tmall.server.admin.delete("/faults")
    record = tmall.extract(home, shop, "orders", days, window=BY_DAYS)
    assert is_whole(record)
    assert record.extraction is not None
    assert record.extraction.calls.calls == 11 + 1, "it read again what it had, or left something out"
    columns = "order_id, updated_at, paid_amount"
    assert landed(home, "taobao__orders", columns) == landed(other, "taobao__orders", columns) != []
