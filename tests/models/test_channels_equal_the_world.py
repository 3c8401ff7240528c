"""Core over what platforms' APIs gave is what the world holds, row by row, to the fen, also as of a day before its end.

Here: orders, refunds, costs, points, coupons, reviews and salesmen of the shops, and the ads. Not here: what lands,
which the channels' own tests compare; rules of a model, which stand as unit tests beside it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from siyu.channels import ocean_engine, taobao, youzan
from siyu.channels.api import WindowRule
from siyu.channels.catalogue import declared
from siyu.settings import Home, Settings
from siyu.warehouse import build_warehouse
from tests.channels.sandboxed import FIRST, LAST, Sandbox, is_whole, make_world, sandbox, window

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("channels_equal_the_world"),
]

SETTINGS = Settings(duckdb_threads=1, duckdb_memory_limit="1GB")
WHOLE = window(FIRST, LAST + timedelta(days=1))
FORTNIGHT = window(date(2026, 5, 18), date(2026, 5, 31))  # the platform tells points of thirty days alone
BY_DAYS = WindowRule(most=timedelta(days=1))  # by half hours it would take thousands of calls
MIDDLE = date(2026, 5, 20)
SHOPS = "(values ('tmall', 'tmall_shop'), ('youzan', 'youzan')) as shops(channel_code, surface)"

Ask = Callable[[str], list[tuple[Any, ...]]]


@contextmanager
def _tmall(world: Path, home: Home) -> Iterator[None]:
    with sandbox(world, taobao.CONNECTOR, "/taobao") as served:
        app = served.app("main")
        settings = {"app_key": app.app_id, "app_secret": app.secret, **app.grants}
        shop = served.account("tmall-1", "tmall_shop", settings)
        assert is_whole(served.extract(home, shop, "orders", WHOLE, window=BY_DAYS))
        for stream in ("refunds", "reviews", "members"):
            assert is_whole(served.extract(home, shop, stream, WHOLE))
        yield


@contextmanager
def _youzan(world: Path, home: Home) -> Iterator[None]:
    with sandbox(world, youzan.CONNECTOR, "/youzan") as served:
        app = served.app("self_use")
        settings = {"client_id": app.app_id, "client_secret": app.secret}
        shop = served.account(app.grants["kdt_id"], "youzan", settings)
        for stream in (
            "orders",
            "refunds",
            "customers",
            "coupon_groups",
            "coupons",
            "salesmen",
            "salesman_orders",
        ):
            assert is_whole(served.extract(home, shop, stream, WHOLE))
        assert is_whole(served.extract(home, shop, "points_changes", FORTNIGHT))
        yield


@contextmanager
def _ads(world: Path, home: Home) -> Iterator[None]:
    with sandbox(world, ocean_engine.CONNECTOR, "/oceanengine") as served:
        app = served.app("main")
        for (advertiser,) in served.expected(
            "select distinct cast(advertiser_id as varchar) from ad_campaigns"
        ):
            settings = {"app_id": app.app_id, "secret": app.secret, "auth_code": _consent(served, app.app_id)}
            account = served.account(advertiser, "douyin_feed", settings)
            assert is_whole(served.extract(home, account, "campaign_daily", WHOLE))
        yield


def _consent(served: Sandbox, app_id: str) -> str:
    """What a person gets on the platform's page: a code, good once."""
    page = f"{served.server.base}/oceanengine/openapi/audit/oauth.html"
    asked = {"app_id": app_id, "state": "s", "redirect_uri": "http://back"}
    answer = httpx.get(page, params=asked, trust_env=False)
    return httpx.URL(answer.headers["location"]).params["auth_code"]


@dataclass(frozen=True, kw_only=True)
class Landed:
    """A world, and a home in which all of its shops and ads have landed."""

    world: Path
    home: Home


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    world = make_world(tmp_path_factory.mktemp("world"))
    home = Home(tmp_path_factory.mktemp("channels") / "home").create()
    for channel in (_tmall, _youzan, _ads):
        with channel(world, home):
            pass
    return Landed(world=world, home=home)


@pytest.fixture(
    scope="module", params=[LAST + timedelta(days=1), MIDDLE], ids=["at_its_end", "in_its_middle"]
)
def ask(landed: Landed, request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Queries over a build as of a day, the world's own tables in `world`, and macros for that day."""
    built = build_warehouse(
        landed.home,
        SETTINGS,
        run_id=f"as_of_{request.param}",
        as_of=request.param,
        declared={
            name: one for name, one in declared().items() if name in ("ocean_engine", "taobao", "youzan")
        },
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.path}' as warehouse (read_only)")
        connection.execute("create schema world")
        for path in landed.world.glob("*.parquet"):
            connection.execute(f"create view world.{path.stem} as from read_parquet('{path}')")
        connection.execute("set variable as_of = ?", [request.param])
        connection.execute(
            """
            create macro yuan(fen) as cast(fen * 0.01 as decimal(18, 2));
            create macro day(moment) as cast(moment + interval 8 hours as date);
            create macro known(moment) as
                case when day(moment) <= getvariable('as_of') then date_trunc('second', moment) end;
            create macro as_of() as getvariable('as_of');
            """
        )
        yield lambda query: sorted(connection.execute(query).fetchall(), key=repr)


def same(ask: Ask, found: str, true: str) -> bool:
    rows, expected = ask(found), ask(true)
    assert expected, "a world too small to tell"
    assert rows == expected
    return True


def test_an_order_is_lost_or_doubled_or_has_another_amount_or_state(ask: Ask) -> None:
    assert same(
        ask,
        "select channel_code, order_id, paid_amount, is_paid, paid_at, cancelled_at, ordered_at, unit_count "
        "from warehouse.core.fct_orders",
        f"""
        select
            surface, order_no, yuan(orders.paid_fen), known(paid_at) is not null, known(paid_at),
            case when close_reason = 'unpaid' then known(closed_at) end, date_trunc('second', created_at), units
        from world.orders
        inner join {SHOPS} using (channel_code)
        inner join (select order_id, sum(quantity) as units from world.order_lines group by order_id) using (order_id)
        where day(created_at) <= as_of()
        """,  # noqa: S608
    )


def test_a_buyer_of_one_shop_is_several_or_none(ask: Ask) -> None:
    assert same(
        ask,
        "select channel_code, count(distinct member_id), count(*) from warehouse.core.fct_orders "
        "where member_id <> 'unknown' group by channel_code",
        f"""
        select surface, count(distinct account_id), count(account_id)
        from world.orders inner join {SHOPS} using (channel_code)
        where day(created_at) <= as_of()
        group by surface
        """,  # noqa: S608
    )


def test_a_refund_is_lost_or_doubled_or_comes_on_another_day(ask: Ask) -> None:
    assert same(
        ask,
        "select channel_code, refund_id, split_part(order_key, '|', 2), refund_amount, applied_amount, refunded_at "
        "from warehouse.core.fct_refunds",
        f"""
        select surface, refund_no, order_no, yuan(amount_fen), yuan(amount_fen), known(succeeded_at)
        from world.refunds inner join world.orders using (order_id) inner join {SHOPS} using (channel_code)
        where known(succeeded_at) is not null
        """,  # noqa: S608
    )
    assert same(
        ask,
        "select channel_code, sum(net_amount) from warehouse.core.fct_orders where is_paid group by channel_code",
        f"""
        select surface, sum(yuan(paid_fen) - coalesce(refunded, 0))
        from world.orders
        inner join {SHOPS} using (channel_code)
        left join (
            select order_id, sum(yuan(amount_fen)) as refunded
            from world.refunds where known(succeeded_at) is not null group by order_id
        ) using (order_id)
        where known(paid_at) is not null
        group by surface
        """,  # noqa: S608
    )


def test_a_returned_article_is_another_than_the_one_sold(ask: Ask) -> None:
    assert same(
        ask,
        "select refund_id, product_key, refund_quantity from warehouse.core.fct_refunds "
        "where channel_code = 'tmall_shop'",
        """
        select
            refund_no, 'tmall_shop|' || sku_code,
            case when is_goods_returned then refunds.quantity else 0 end
        from world.refunds
        inner join world.orders using (order_id)
        inner join world.order_lines using (order_id, line_no)
        inner join world.skus using (sku_id)
        where channel_code = 'tmall' and known(succeeded_at) is not null
        """,
    )
    assert same(
        ask,
        "select product_key, sum(quantity) from warehouse.core.fct_order_lines group by product_key",
        f"""
        select surface || '|' || sku_code, sum(quantity)
        from world.order_lines
        inner join world.orders using (order_id)
        inner join {SHOPS} using (channel_code)
        inner join world.skus using (sku_id)
        where day(created_at) <= as_of()
        group by surface, sku_code
        """,  # noqa: S608
    )


def test_a_cost_is_lost_or_doubled_or_falls_on_another_day(ask: Ask) -> None:
    assert same(
        ask,
        "select cost_date, campaign_code, cost_type, cost_purpose, cost_amount from warehouse.core.fct_costs",
        """
        select stat_on, cast(project_id as varchar), 'media', 'acquisition', yuan(sum(cost_fen))
        from world.ad_days inner join world.ad_campaigns using (ad_campaign_id)
        where stat_on <= as_of() and impressions > 0
        group by stat_on, advertiser_id, project_id
        union all
        select day(settled_at), null, 'commission', 'retention', yuan(commission_fen + upper_commission_fen)
        from world.salesman_orders
        where known(settled_at) is not null
        """,
    )


def test_a_referral_is_lost_or_pays_another_commission(ask: Ask) -> None:
    assert same(
        ask,
        "select salesman_key, order_key, commission_amount, upper_commission_amount, settled_at "
        "from warehouse.core.fct_referrals",
        """
        select
            'youzan|' || seller_code, 'youzan|' || order_no, yuan(commission_fen), yuan(upper_commission_fen),
            known(settled_at)
        from world.salesman_orders
        inner join world.salesmen using (salesman_id)
        inner join world.orders using (order_id)
        where day(created_at) <= as_of()
        """,
    )


def test_a_coupon_is_lost_or_used_otherwise(ask: Ask) -> None:
    assert same(
        ask,
        "select coupon_group_key, coupon_title, value_amount, taken_at, used_at, order_key "
        "from warehouse.core.fct_coupons",
        """
        select
            'youzan|' || coupon_batch_id, title, yuan(value_fen), date_trunc('second', taken_at), known(used_at),
            case when known(used_at) is not null then 'youzan|' || order_no end
        from world.coupons
        inner join world.coupon_batches using (coupon_batch_id)
        left join world.orders using (order_id)
        where day(taken_at) <= as_of()
        """,
    )


def test_a_change_of_points_is_lost_or_doubled(ask: Ask) -> None:
    assert same(
        ask,
        "select points, changed_at from warehouse.core.fct_points",
        """
        select points, date_trunc('second', changed_at)
        from world.points_log inner join world.accounts using (account_id)
        where channel_code = 'youzan' and day(changed_at) between '2026-05-18' and least(as_of(), date '2026-05-31')
        """,
    )


def test_a_review_is_lost_or_says_something_else_of_another_line(ask: Ask) -> None:
    assert same(
        ask,
        "select order_key, product_key, rating, feedback_at from warehouse.core.fct_feedback "
        "where order_line_key is not null",
        """
        select 'tmall_shop|' || order_no, 'tmall_shop|' || sku_code, result, date_trunc('second', reviews.created_at)
        from world.reviews
        inner join world.orders using (order_id)
        inner join world.order_lines using (order_id, line_no)
        inner join world.skus using (sku_id)
        where channel_code = 'tmall' and day(reviews.created_at) <= as_of()
        """,
    )
