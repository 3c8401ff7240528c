"""What the shops' sandboxes serve over a generated world adds up to that world: no row lost, none twice, to the fen."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from siyu.engine import connect
from siyu.sandbox.world.generate import generate_world
from tests.sandbox.server.conftest import Running, running
from tests.sandbox.server.shop import CHINA
from tests.sandbox.server.test_ocean_engine import Account
from tests.sandbox.server.test_taobao import Shop as Tmall
from tests.sandbox.server.test_youzan import Shop as Youzan

FIRST, LAST = date(2025, 7, 1), date(2026, 6, 30)
NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=CHINA)
MONTHS = [datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=CHINA) for month in range(6, 19)]
ALL_TYPES = "guarantee_trade,o2o_offlinetrade"

Row = dict[str, Any]
Expected = Callable[[str], list[tuple[Any, ...]]]


def fen(yuan: str) -> int:
    whole, cents = yuan.split(".")
    return int(whole) * 100 + int(cents)


def pages(read: Callable[..., list[Row]], *, size: int, page: str = "page_no", **asked: Any) -> Iterator[Row]:
    """Rows of all pages, up to one that is not full."""
    number = 1
    while rows := read(**asked, **{page: number, "page_size": size}):
        yield from rows
        if len(rows) < size:
            return
        number += 1


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, size="1000", seed=3, first=FIRST, last=LAST)
    return folder


@pytest.fixture(scope="module")
def server(world: Path) -> Iterator[Running]:
    with running(world, at=NOW) as served:
        for channel in ("youzan", "taobao", "oceanengine"):
            served.limits(channel, {"calls": 10**6, "seconds": 1})
        yield served


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as shared:
        yield shared


@pytest.fixture(scope="module")
def expected(world: Path) -> Iterator[Expected]:
    """Rows of a query over the world's files, without the server, as of `world_now()` or Youzan's `lagged()`."""
    with connect() as connection:
        for path in world.glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        connection.execute("set variable now = $at", {"at": NOW.astimezone(UTC).replace(tzinfo=None)})
        connection.execute("create macro world_now() as getvariable('now')")
        connection.execute("create macro lagged() as world_now() - interval 30 second")

        def rows(sql: str) -> list[tuple[Any, ...]]:
            found = connection.execute(f"{sql} order by all").fetchall()
            assert found, "a world too small to tell"
            return found

        yield rows


@pytest.fixture(scope="module")
def tmall(server: Running, client: httpx.Client) -> Tmall:
    return Tmall(server, server.app("taobao", "main"), client, now=NOW)


@pytest.fixture(scope="module")
def youzan(server: Running, client: httpx.Client) -> Youzan:
    caller = Youzan(server, server.app("youzan", "self_use"), client)
    caller.token = caller.authorise()["data"]["access_token"]
    return caller


def test_tmall_loses_or_doubles_an_order(tmall: Tmall, expected: Expected) -> None:
    fields = "tid,payment,post_fee,orders.oid,orders.divide_order_fee"

    def read(method: str, **page: Any) -> list[Row]:
        return list(tmall.call(method, fields=fields, type=ALL_TYPES, **page)["trades"]["trade"])

    served = [
        *pages(read, size=50, method="taobao.trades.sold.history.get"),
        *pages(read, size=100, method="taobao.trades.sold.get"),
    ]
    assert sorted((str(row["tid"]), fen(row["payment"]), fen(row["post_fee"])) for row in served) == expected(
        """
        select order_no, paid_fen, shipping_fen from orders
        where channel_code = 'tmall' and created_at <= world_now()
        """
    )
    lines = [
        (line["oid"], fen(line["divide_order_fee"])) for row in served for line in row["orders"]["order"]
    ]
    assert sorted(lines) == expected(
        """
        select line_ref, order_lines.paid_fen from order_lines inner join orders using (order_id)
        where channel_code = 'tmall' and created_at <= world_now()
        """
    )


def test_tmall_changes_come_without_some_trade(tmall: Tmall, expected: Expected) -> None:
    served = set()
    for day in (date(2026, 5, 20) + timedelta(days=n) for n in range(12)):
        asked = {
            "fields": "tid",
            "type": ALL_TYPES,
            "start_modified": f"{day} 00:00:00",
            "end_modified": f"{day} 23:59:59",
            "page_size": 5,
        }
        total = tmall.call("taobao.trades.sold.increment.get", **asked)["total_results"]
        for number in range(-(-total // 5), 0, -1):
            found = tmall.call("taobao.trades.sold.increment.get", **asked, page_no=number)
            served |= {(str(row["tid"]),) for row in found["trades"]["trade"]}
    changed = expected(
        """
        with steps as (
            select order_id, unnest([created_at, paid_at, shipped_at, finished_at, closed_at]) as happened_at
            from orders
            union all select order_id, unnest([shipped_at, received_at]) from shipments
            union all
            select order_id, unnest([created_at, agreed_at, returned_at, refused_at, succeeded_at, closed_at])
            from refunds
        )
        select order_no from steps inner join orders using (order_id)
        where channel_code = 'tmall' and happened_at <= world_now()
        group by order_no
        having date_trunc('second', max(happened_at)) between '2026-05-19 16:00:00' and '2026-05-31 15:59:59'
        """
    )
    assert served == set(changed)


def test_tmall_loses_or_doubles_a_refund(tmall: Tmall, expected: Expected) -> None:
    def read(**page: Any) -> list[Row]:
        asked = {"fields": "refund_id,refund_fee,status", "type": ALL_TYPES, **page}
        return list(tmall.call("taobao.refunds.receive.get", **asked)["refunds"]["refund"])

    served = [
        (row["refund_id"], fen(row["refund_fee"]), row["status"] == "SUCCESS")
        for row in pages(read, size=100)
    ]
    assert sorted(served) == expected(
        """
        select refund_no, amount_fen, coalesce(succeeded_at <= world_now(), false)
        from refunds inner join orders using (order_id)
        where channel_code = 'tmall' and refunds.created_at <= world_now()
        """
    )


def test_tmall_loses_or_doubles_a_member(tmall: Tmall, expected: Expected) -> None:
    def read(**page: Any) -> list[Row]:
        return list(tmall.call("taobao.crm.members.get", **page)["members"]["basic_member"])

    members = pages(read, size=100, page="current_page")
    served = [(row["ouid"], row["trade_count"], fen(row["trade_amount"])) for row in members]
    assert sorted(served) == expected(
        """
        select taobao_open_uid, count(order_id), coalesce(sum(paid_fen), 0)::bigint
        from accounts
        left join orders on orders.account_id = accounts.account_id and finished_at <= world_now()
        where accounts.channel_code = 'tmall' and registered_at <= world_now()
        group by all
        """
    )


def test_tmall_loses_or_doubles_a_review(tmall: Tmall, expected: Expected) -> None:
    def read(**page: Any) -> list[Row]:
        asked = {"fields": "oid,result", "rate_type": "get", "role": "buyer", **page}
        return list(tmall.call("taobao.traderates.get", **asked)["trade_rates"]["trade_rate"])

    assert sorted((row["oid"], row["result"]) for row in pages(read, size=150)) == expected(
        """
        select line_ref, result from reviews
        inner join order_lines using (order_id, line_no)
        inner join orders using (order_id)
        where channel_code = 'tmall' and reviews.created_at between world_now() - interval 180 day and world_now()
        """
    )


def test_youzan_loses_or_doubles_an_order(youzan: Youzan, expected: Expected) -> None:
    def read(**asked: Any) -> list[Row]:
        found = youzan.data("youzan.trades.sold.get/4.0.4", **asked)["full_order_info_list"]
        return [row["full_order_info"] for row in found]

    served = [
        row
        for start, end in pairwise(MONTHS)
        for row in pages(
            read,
            size=100,
            start_created=f"{start:%Y-%m-%d %H:%M:%S}",
            end_created=f"{end - timedelta(seconds=1):%Y-%m-%d %H:%M:%S}",
        )
    ]
    assert sorted((row["order_info"]["tid"], fen(row["pay_info"]["payment"])) for row in served) == expected(
        "select order_no, paid_fen from orders where channel_code = 'youzan' and created_at <= lagged()"
    )
    for row in served:
        assert sum(fen(line["payment"]) for line in row["orders"]) == fen(row["pay_info"]["payment"])


def test_youzan_loses_or_doubles_a_refund(youzan: Youzan, expected: Expected) -> None:
    def read(**asked: Any) -> list[Row]:
        return list(youzan.data("youzan.trade.refund.search/3.0.1", **asked)["refunds"])

    served = [
        (row["refund_id"], fen(row["refund_fee"]))
        for start, end in pairwise(MONTHS)
        for row in pages(
            read,
            size=100,
            create_time_start=int(start.timestamp()),
            create_time_end=int(end.timestamp()) - 1,
        )
    ]
    assert sorted(served) == expected(
        """
        select refund_no, amount_fen from refunds inner join orders using (order_id)
        where channel_code = 'youzan' and refunds.created_at <= lagged()
        """
    )


def test_youzan_loses_or_doubles_a_customer(youzan: Youzan, expected: Expected) -> None:
    def read(**asked: Any) -> list[Row]:
        return list(youzan.data("youzan.scrm.customer.list/1.0.0", **asked)["record_list"])

    served = [
        (row["yz_open_id"], row["points"])
        for start, end in pairwise([datetime(2000, 1, 1, tzinfo=CHINA), *MONTHS])
        for row in pages(
            read,
            size=50,
            created_at_start=int(start.timestamp()),
            created_at_end=int(end.timestamp()) - 1,
        )
    ]
    assert sorted(served) == expected(
        """
        select youzan_open_id, coalesce(sum(points) filter (where changed_at <= lagged()), 0)::bigint
        from accounts left join points_log using (account_id)
        where channel_code = 'youzan' and registered_at <= lagged()
        group by all
        """
    )


def test_salesmen_earn_another_sum(youzan: Youzan, expected: Expected) -> None:
    def salesmen(**asked: Any) -> list[Row]:
        return list(youzan.data("youzan.salesman.accounts.get/3.0.0", **asked)["accounts"])

    def trades(**asked: Any) -> list[Row]:
        return list(youzan.data("youzan.salesman.trades.get/3.0.1", **asked)["list"])

    window = {"start_time": 0, "end_time": int(NOW.timestamp()), "fans_type": 9}
    served = [
        (trade["order_no"], fen(trade["cps_money"]), sum(fen(item["i_cps_money"]) for item in trade["items"]))
        for salesman in pages(salesmen, size=100)
        for trade in pages(trades, size=100, fans_id=salesman["fans_id"], **window)
    ]
    assert sorted(served) == expected(
        """
        select order_no, commission_fen, commission_fen from salesman_orders inner join orders using (order_id)
        where paid_at <= lagged()
        """
    )


def test_ads_cost_another_sum(server: Running, client: httpx.Client, expected: Expected) -> None:
    account = Account(server, server.app("oceanengine", "main"), client)
    served = [
        (
            row["dimensions"]["stat_time_day"],
            row["dimensions"]["cdp_promotion_id"],
            fen(row["metrics"]["stat_cost"]),
            int(row["metrics"]["show_cnt"]),
        )
        for advertiser_id in account.sign_in()["advertiser_ids"]
        for day in (FIRST + timedelta(days=30 * n) for n in range(12))
        for row in pages(
            lambda **asked: account.report(**asked)["data"]["rows"],
            size=100,
            page="page",
            advertiser_id=advertiser_id,
            start_time=str(day),
            end_time=str(min(day + timedelta(days=29), date(2026, 5, 31))),
        )
    ]
    assert sorted(served) == expected(
        """
        select stat_on::varchar, promotion_id::varchar, cost_fen, impressions
        from ad_days inner join ad_campaigns using (ad_campaign_id)
        where stat_on <= '2026-05-31' and impressions > 0
        """
    )
