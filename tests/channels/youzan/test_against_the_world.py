"""Youzan over a generated world: what has landed is what the world holds, no row lost, none twice, to the fen."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from siyu.channels.api import Account
from siyu.channels.youzan import CONNECTOR
from siyu.settings import Home
from tests.channels.sandboxed import FIRST, LAST, Sandbox, asking_landed, is_whole, landed, sandbox, window
from tests.channels.youzan.truth import EQUAL

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


@pytest.mark.parametrize("stream", [one.name for one in CONNECTOR.streams if one.name != "points_changes"])
def test_a_row_of_youzan_is_lost_or_doubled_or_differs(
    youzan: Sandbox, shop: Account, home: Home, stream: str
) -> None:
    assert is_whole(youzan.extract(home, shop, stream, WHOLE))
    with asking_landed(home, CONNECTOR) as ask:
        for table in CONNECTOR.stream(stream).tables:
            ours, theirs = EQUAL[table.name]
            assert ask(ours) == youzan.expected(theirs)


def test_lines_do_not_sum_to_their_orders_or_a_buyer_has_two_tokens(
    youzan: Sandbox, shop: Account, home: Home
) -> None:
    assert is_whole(youzan.extract(home, shop, "orders", WHOLE))
    assert landed(home, "youzan__order_lines", "sum(line_amount)") == landed(
        home, "youzan__orders", "sum(paid_amount)"
    )
    assert landed(home, "youzan__orders", "count(distinct customer_token)") == youzan.expected(
        "select count(distinct account_id) from orders where channel_code = 'youzan'"
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
