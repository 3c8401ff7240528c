"""Taobao over a generated world: what has landed is what the world holds, no row lost, none twice, to the fen."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from siyu.channels.api import Account, WindowRule
from siyu.channels.api.judging import QuotaGoneError
from siyu.channels.taobao import CONNECTOR
from siyu.settings import Home
from tests.channels.sandboxed import FIRST, LAST, Sandbox, is_whole, landed, sandbox, window

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


@pytest.mark.soak
def test_an_order_of_tmall_is_lost_or_doubled_or_has_another_amount(
    tmall: Sandbox, shop: Account, home: Home
) -> None:
    assert is_whole(tmall.extract(home, shop, "orders", WHOLE, window=BY_DAYS))
    columns = "order_id, paid_amount, freight_amount, ordered_at, paid_at"
    assert landed(home, "taobao__orders", columns) == tmall.expected(
        """
        select
            order_no, cast(paid_fen / 100 as decimal(18, 2)), cast(shipping_fen / 100 as decimal(18, 2)),
            date_trunc('second', created_at), date_trunc('second', paid_at)
        from orders where channel_code = 'tmall'
        """
    )
    assert landed(home, "taobao__order_lines", "order_id, line_id, quantity, paid_amount") == tmall.expected(
        """
        select order_no, cast(line_ref as varchar), quantity, cast(order_lines.paid_fen / 100 as decimal(18, 2))
        from order_lines inner join orders using (order_id) where channel_code = 'tmall'
        """
    )
    assert landed(home, "taobao__orders", "count(distinct customer_token)") == tmall.expected(
        "select count(distinct account_id) from orders where channel_code = 'tmall'"
    )


def test_a_refund_of_tmall_is_lost_or_doubled_or_has_another_amount(
    tmall: Sandbox, shop: Account, home: Home
) -> None:
    assert is_whole(tmall.extract(home, shop, "refunds", WHOLE))
    columns = "refund_id, order_id, line_id, refund_amount, refund_status = 'SUCCESS'"
    assert landed(home, "taobao__refunds", columns) == tmall.expected(
        """
        select
            refund_no, order_no, cast(line_ref as varchar), cast(amount_fen / 100 as decimal(18, 2)),
            succeeded_at is not null
        from refunds inner join orders using (order_id) inner join order_lines using (order_id, line_no)
        where channel_code = 'tmall'
        """
    )


def test_a_review_of_tmall_is_lost_or_doubled(tmall: Sandbox, shop: Account, home: Home) -> None:
    assert is_whole(tmall.extract(home, shop, "reviews", WHOLE))
    assert landed(home, "taobao__reviews", "order_id, line_id, rating, reviewed_at") == tmall.expected(
        """
        select order_no, cast(line_ref as varchar), result, date_trunc('second', reviews.created_at)
        from reviews inner join orders using (order_id) inner join order_lines using (order_id, line_no)
        where channel_code = 'tmall'
        """
    )


def test_a_member_of_tmall_is_lost_or_doubled_or_has_another_sum(
    tmall: Sandbox, shop: Account, home: Home
) -> None:
    assert is_whole(tmall.extract(home, shop, "members", WHOLE))
    assert landed(home, "taobao__members", "order_count, order_amount") == tmall.expected(
        """
        select count(order_id), cast(coalesce(sum(paid_fen), 0) / 100 as decimal(18, 2))
        from accounts
        left join orders on orders.account_id = accounts.account_id and finished_at is not null
        where accounts.channel_code = 'tmall'
        group by accounts.account_id
        """
    )
    assert is_whole(tmall.extract(home, shop, "orders", window(LAST, LAST), window=BY_DAYS))
    ordering, known = (
        {token for (token,) in landed(home, f"taobao__{name}", "customer_token")}
        for name in ("orders", "members")
    )
    assert ordering <= known, "a buyer has one token wherever they are"


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
