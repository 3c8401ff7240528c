"""Youzan over a generated world: what has landed is what the world holds, no row lost, none twice, to the fen."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from siyu.channels.api import Account
from siyu.channels.youzan import CONNECTOR
from siyu.settings import Home
from tests.channels.sandboxed import FIRST, LAST, Sandbox, is_whole, landed, sandbox, window

WHOLE = window(FIRST, LAST + timedelta(days=1))
FORTNIGHT = window(date(2026, 5, 18), date(2026, 5, 31))


@pytest.fixture
def youzan(small_world: Path) -> Iterator[Sandbox]:
    with sandbox(small_world, CONNECTOR, "/youzan") as served:
        yield served


@pytest.fixture
def shop(youzan: Sandbox) -> Account:
    app = youzan.app("self_use")
    return youzan.account(
        app.grants["kdt_id"], "youzan", {"client_id": app.app_id, "client_secret": app.secret}
    )


def test_an_order_of_youzan_is_lost_or_doubled_or_has_another_amount(
    youzan: Sandbox, shop: Account, home: Home
) -> None:
    assert is_whole(youzan.extract(home, shop, "orders", WHOLE))
    columns = "order_id, paid_amount, freight_amount, ordered_at, paid_at"
    assert landed(home, "youzan__orders", columns) == youzan.expected(
        """
        select
            order_no, cast(paid_fen / 100 as decimal(18, 2)), cast(shipping_fen / 100 as decimal(18, 2)),
            date_trunc('second', created_at), date_trunc('second', paid_at)
        from orders where channel_code = 'youzan'
        """
    )
    assert landed(home, "youzan__order_lines", "order_id, line_id, sku_code, quantity") == youzan.expected(
        """
        select order_no, cast(line_ref as varchar), sku_code, quantity
        from order_lines inner join orders using (order_id) inner join skus using (sku_id)
        where channel_code = 'youzan'
        """
    )
    assert landed(home, "youzan__order_lines", "sum(line_amount)") == landed(
        home, "youzan__orders", "sum(paid_amount)"
    )
    assert landed(home, "youzan__orders", "count(distinct customer_token)") == youzan.expected(
        "select count(distinct account_id) from orders where channel_code = 'youzan'"
    )


def test_a_refund_of_youzan_is_lost_or_doubled_or_has_another_amount(
    youzan: Sandbox, shop: Account, home: Home
) -> None:
    assert is_whole(youzan.extract(home, shop, "refunds", WHOLE))
    columns = "refund_id, order_id, refund_amount, refund_status = 'SUCCESS'"
    assert landed(home, "youzan__refunds", columns) == youzan.expected(
        """
        select refund_no, order_no, cast(amount_fen / 100 as decimal(18, 2)), succeeded_at is not null
        from refunds inner join orders using (order_id) where channel_code = 'youzan'
        """
    )


def test_a_customer_of_youzan_is_lost_or_doubled_or_has_other_points(
    youzan: Sandbox, shop: Account, home: Home
) -> None:
    assert is_whole(youzan.extract(home, shop, "customers", WHOLE))
    assert landed(home, "youzan__customers", "registered_at, points_balance") == youzan.expected(
        """
        select date_trunc('second', registered_at), cast(coalesce(sum(points), 0) as bigint)
        from accounts left join points_log using (account_id)
        where channel_code = 'youzan'
        group by account_id, registered_at
        """
    )


def test_a_change_of_points_is_lost_or_doubled(youzan: Sandbox, shop: Account, home: Home) -> None:
    assert is_whole(youzan.extract(home, shop, "points_changes", FORTNIGHT))
    assert landed(home, "youzan__points_changes", "changed_at, points") == youzan.expected(
        """
        select date_trunc('second', changed_at), points
        from points_log inner join accounts using (account_id)
        where channel_code = 'youzan' and changed_at >= '2026-05-17 16:00' and changed_at < '2026-05-31 16:00'
        """
    )


def test_a_kind_of_coupon_has_another_value(youzan: Sandbox, shop: Account, home: Home) -> None:
    assert is_whole(youzan.extract(home, shop, "coupon_groups", WHOLE))
    columns = "coupon_group_id, title, value_amount, printed_count"
    assert landed(home, "youzan__coupon_groups", columns) == youzan.expected(
        """
        select
            cast(coupon_batch_id as varchar), title, cast(value_fen / 100 as decimal(18, 2)), total_quantity
        from coupon_batches
        """
    )


def test_a_coupon_is_lost_or_doubled_or_used_otherwise(youzan: Sandbox, shop: Account, home: Home) -> None:
    assert is_whole(youzan.extract(home, shop, "coupons", WHOLE))
    columns = "coupon_group_id, taken_at, is_used, used_at, order_id"
    assert landed(home, "youzan__coupons", columns) == youzan.expected(
        """
        select
            cast(coupon_batch_id as varchar), date_trunc('second', taken_at), used_at is not null,
            date_trunc('second', used_at), order_no
        from coupons left join orders using (order_id)
        """
    )


def test_a_salesman_is_lost_or_earns_another_sum(youzan: Sandbox, shop: Account, home: Home) -> None:
    assert is_whole(youzan.extract(home, shop, "salesmen", WHOLE))
    assert landed(home, "youzan__salesmen", "salesman_id") == youzan.expected(
        "select seller_code from salesmen"
    )
    assert is_whole(youzan.extract(home, shop, "salesman_orders", WHOLE))
    sums = youzan.expected(
        """
        select order_no, cast(commission_fen / 100 as decimal(18, 2))
        from salesman_orders inner join orders using (order_id)
        """
    )
    assert landed(home, "youzan__salesman_orders", "order_id, commission_amount") == sums
    lines = "order_id, cast(sum(commission_amount) as decimal(18, 2))"
    assert landed(home, "youzan__salesman_order_lines group by order_id", lines) == sums
