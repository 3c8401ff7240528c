"""Youzan 有赞: orders with their lines, refunds, customers, points, coupons and salesmen 分销员 of a shop.

Contract: docs/channels/youzan.md. Most money is text in yuan, deductions are whole fen; times are China time, save in
the windows of some APIs, which are epoch seconds. An account is a shop, named by its kdt_id.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from siyu.channels.api.declare import Account, Api, Connector, Request, Setting, Stream, Window, WindowRule
from siyu.channels.api.halving import CHINA_TIME, SECONDS, Halved
from siyu.channels.api.paging import Backwards, ByNumber, Paging, PerItem, Reader
from siyu.channels.api.units import china_text
from siyu.channels.youzan.gateway import authorise, fetch_token, judge
from siyu.channels.youzan.tables import (
    COUPON_GROUPS,
    COUPONS,
    CUSTOMERS,
    ORDER_LINES,
    ORDERS,
    POINTS_CHANGES,
    REFUNDS,
    SALESMAN_ORDER_LINES,
    SALESMAN_ORDERS,
    SALESMEN,
)

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # before any shop
_SHOWN = time(0, 1)  # lists lag thirty seconds behind (YS-order)
_ACCOUNT_TYPE_OPEN_ID = 5


def _call(api: str, **params: Any) -> Request:
    return Request(method="POST", path=f"/api/{api}", params=params, send="json")


def _orders(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call(
        "youzan.trades.sold.get/4.0.4",
        start_update=china_text(window.start),
        end_update=china_text(window.last_second),
    )


def _refunds(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call(
        "youzan.trade.refund.search/3.0.1",
        update_time_start=int(window.start.timestamp()),
        update_time_end=int(window.last_second.timestamp()),
    )


def _customers(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call(
        "youzan.scrm.customer.list/1.0.0",
        created_at_start=int(_BEGINNING.timestamp()),
        created_at_end=int(window.last_second.timestamp()),
    )


def _points_changes(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call(
        "youzan.crm.customer.points.changelog.search/3.0.0",
        account_type=_ACCOUNT_TYPE_OPEN_ID,
        start_date=china_text(window.start),
        end_date=china_text(window.last_second),
    )


def _coupon_groups(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call("youzan.ump.activity.manage.voucher.search/3.0.1")


def _coupons(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call(
        "youzan.ump.coupon.consume.fetchlogs.get/3.0.0",
        start_taked=china_text(window.start),
        end_taked=china_text(window.last_second),
    )


def _salesmen(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call("youzan.salesman.accounts.get/3.0.0")


def _salesman_orders(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call(
        "youzan.salesman.trades.get/3.0.1",
        start_time=int(window.start.timestamp()),
        end_time=int(window.last_second.timestamp()),
    )


def _numbered(per_page: int, total: str | None, most_pages: int = 10_000) -> ByNumber:
    return ByNumber(page="page_no", size="page_size", per_page=per_page, total=total, most_pages=most_pages)


_LISTED_CUSTOMERS = Halved(
    inner=_numbered(50, "data.total", most_pages=500),
    start="created_at_start",
    end="created_at_end",
    spelling=SECONDS,
    most=10_000,
)
_LISTED_COUPON_GROUPS = _numbered(100, "data.total")
_LISTED_SALESMEN = _numbered(100, "response.total_results")
_CUSTOMER_ITEMS, _COUPON_GROUP_ITEMS, _SALESMAN_ITEMS = "data.record_list", "data.groups", "response.accounts"


def _each_customer(reader: Reader) -> Iterator[dict[str, Any]]:
    request = _customers(reader.account, reader.window)
    for one in _listed(reader, request, _CUSTOMER_ITEMS, _LISTED_CUSTOMERS):
        if one.get("yz_open_id"):
            yield {"account_id": one["yz_open_id"]}


def _each_coupon_group(reader: Reader) -> Iterator[dict[str, Any]]:
    request = _coupon_groups(reader.account, reader.window)
    for one in _listed(reader, request, _COUPON_GROUP_ITEMS, _LISTED_COUPON_GROUPS):
        if one.get("id"):
            yield {"coupon_group_id": one["id"]}


def _each_salesman(reader: Reader) -> Iterator[dict[str, Any]]:
    request = _salesmen(reader.account, reader.window)
    for one in _listed(reader, request, _SALESMAN_ITEMS, _LISTED_SALESMEN):
        if one.get("mobile"):
            yield {"mobile": one["mobile"]}
        elif one.get("fans_id"):
            yield {"fans_id": one["fans_id"], "fans_type": one.get("fans_type", 1)}


def _listed(reader: Reader, request: Request, items: str, paging: Paging) -> Iterator[dict[str, Any]]:
    """The objects that another endpoint lists."""
    return (value for value in reader.listed(request, items, paging) if isinstance(value, dict))


CONNECTOR = Connector(
    channel="youzan",
    settings=(
        Setting(name="client_id", doc="The app's id."),
        Setting(name="client_secret", doc="The app's secret.", is_secret=True),
        Setting(
            name="code",
            doc="Of a tool app alone: the code of an authorisation, good for two minutes and once.",
            is_secret=True,
            is_required=False,
        ),
        Setting(
            name="refresh_token",
            doc="Of a tool app alone, instead of a code: a refresh token that no other program uses.",
            is_secret=True,
            is_required=False,
        ),
    ),
    api=Api(
        base_url="https://open.youzanyun.com",
        authorise=authorise,
        judge=judge,
        fetch_token=fetch_token,
        app="client_id",
        per_second=10,  # per API; what the order APIs bear is not published
    ),
    streams=(
        Stream(
            name="orders",
            request=_orders,
            # rows that change leave the window: read forwards, the next page would begin one too far on
            paging=Halved(
                inner=Backwards(
                    page="page_no",
                    size="page_size",
                    per_page=100,
                    total="data.total_results",
                    most_pages=100,
                ),
                start="start_update",
                end="end_update",
                spelling=CHINA_TIME,
                most=10_000,
            ),
            items="data.full_order_info_list",
            tables=(ORDERS, ORDER_LINES),
            window=WindowRule(most=timedelta(days=31), look_back=1),  # three months at most
            ready_at=_SHOWN,
        ),
        Stream(
            name="refunds",
            request=_refunds,
            paging=Halved(
                inner=Backwards(
                    page="page_no", size="page_size", per_page=100, total="data.total", most_pages=30
                ),
                start="update_time_start",
                end="update_time_end",
                spelling=SECONDS,
                most=3_000,
            ),
            items="data.refunds",
            tables=(REFUNDS,),
            window=WindowRule(most=timedelta(days=31), look_back=1),
            ready_at=_SHOWN,
        ),
        Stream(
            name="customers",
            request=_customers,
            paging=_LISTED_CUSTOMERS,
            items=_CUSTOMER_ITEMS,
            tables=(CUSTOMERS,),
        ),
        Stream(
            name="points_changes",
            request=_points_changes,
            paging=PerItem(each=_each_customer),
            items="response.details",
            tables=(POINTS_CHANGES,),
            window=WindowRule(most=timedelta(days=7), look_back=2, reach=29),  # begins less than 30 days ago
            per_second=50,  # 100 are published
        ),
        Stream(
            name="coupon_groups",
            request=_coupon_groups,
            paging=_LISTED_COUPON_GROUPS,
            items=_COUPON_GROUP_ITEMS,
            tables=(COUPON_GROUPS,),
        ),
        Stream(
            name="coupons",
            request=_coupons,
            paging=PerItem(each=_each_coupon_group, inner=_numbered(500, None)),
            items="response.fetchlogs",
            tables=(COUPONS,),
            window=WindowRule(most=timedelta(days=31), look_back=30),  # asked for by taking, used later
        ),
        Stream(
            name="salesmen",
            request=_salesmen,
            paging=_LISTED_SALESMEN,
            items=_SALESMAN_ITEMS,
            tables=(SALESMEN,),
        ),
        Stream(
            name="salesman_orders",
            request=_salesman_orders,
            paging=PerItem(each=_each_salesman, inner=_numbered(100, "data.total")),
            items="data.list",
            tables=(SALESMAN_ORDERS, SALESMAN_ORDER_LINES),
            window=WindowRule(most=timedelta(days=31), look_back=30),  # settled later
        ),
    ),
)
