"""Taobao and Tmall 淘宝开放平台 (TOP): orders with their lines, refunds, members, reviews of a shop.

Contract: docs/channels/taobao.md. Money is text in yuan, times are China time, ids are numbers of up to 19 digits. Of
trades, refunds and reviews only fields that are named come back, so no name, phone number, address or message of a
buyer is asked for; a member's nick, masked, comes unasked and is dropped.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from siyu.channels.api.declare import (
    Account,
    Api,
    Column,
    Connector,
    Request,
    Setting,
    Stream,
    Window,
    WindowRule,
)
from siyu.channels.api.halving import CHINA_TIME, Halved
from siyu.channels.api.paging import Backwards, ByNumber
from siyu.channels.api.units import china_text
from siyu.channels.taobao.gateway import authorise, fetch_token, judge
from siyu.channels.taobao.tables import MEMBERS, ORDER_LINES, ORDERS, REFUNDS, REVIEWS

_GATEWAY = "/router/rest"

# `type` is guarantee_trade, auto_delivery, ec, cod, step unless named, and other orders are missing without a word
# (OT tbtrade); refunds know two of them by default. These are the values that TOP lists.
_TRADE_TYPES = (
    "fixed,auction,guarantee_trade,step,independent_simple_trade,independent_shop_trade,auto_delivery,ec,cod,"
    "game_equipment,shopex_trade,netcn_trade,external_trade,instant_trade,b2c_cod,hotel_trade,super_market_trade,"
    "super_market_cod_trade,taohua,waimai,o2o_offlinetrade,nopaid,eticket,tmall_i18n,insurance_plus,finance,"
    "pre_auth_type"
)


def _call(method: str, **params: str) -> Request:
    return Request(method="POST", path=_GATEWAY, params={"method": method, **params}, send="form")


def _between(window: Window, start: str, end: str) -> dict[str, str]:
    return {start: china_text(window.start), end: china_text(window.last_second)}


def _named(columns: Iterable[Column], inside: str = "") -> list[str]:
    return [inside + one.path[0] for one in columns if one.path[0] != "^"]


def _types(account: Account) -> str:
    return account.settings.get("trade_types") or _TRADE_TYPES


def _orders(account: Account, window: Window) -> Request:
    fields = [*_named(ORDERS.columns), *_named(ORDER_LINES.columns, "orders.")]
    return _call(
        "taobao.trades.sold.increment.get",
        fields=",".join(fields),
        type=_types(account),
        **_between(window, "start_modified", "end_modified"),
    )


def _refunds(account: Account, window: Window) -> Request:
    return _call(
        "taobao.refunds.receive.get",
        fields=",".join(_named(REFUNDS.columns)),
        type=_types(account),
        **_between(window, "start_modified", "end_modified"),
    )


def _reviews(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call(
        "taobao.traderates.get",
        fields=",".join(_named(REVIEWS.columns)),
        rate_type="get",
        role="buyer",
        **_between(window, "start_date", "end_date"),
    )


def _member_changes(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call("taobao.crm.members.increment.get", **_between(window, "start_modify", "end_modify"))


def _members(account: Account, window: Window) -> Request:  # noqa: ARG001
    return _call("taobao.crm.members.get")


_MEMBER_PAGES = ByNumber(
    page="current_page",
    size="page_size",
    per_page=100,
    total="crm_members_get_response.total_result",  # singular
    most_pages=1000,
)

CONNECTOR = Connector(
    channel="taobao",
    settings=(
        Setting(name="app_key", doc="The app's key, a number."),
        Setting(name="app_secret", doc="The app's secret.", is_secret=True),
        Setting(
            name="session",
            doc="Access token of the shop: what the console or the authorisation page shows.",
            is_secret=True,
            is_required=False,
        ),
        Setting(
            name="refresh_token",
            doc="Beside the session, where the app's sessions can be refreshed.",
            is_secret=True,
            is_required=False,
        ),
        Setting(
            name="code",
            doc="Instead of a session: the code of an authorisation, good once.",
            is_secret=True,
            is_required=False,
        ),
        Setting(name="redirect_uri", doc="Of the app; needed with a code.", is_required=False),
        Setting(
            name="trade_types",
            doc="Types of trades to read, with commas; without it all that the platform lists.",
            is_required=False,
        ),
    ),
    api=Api(
        base_url="https://eco.taobao.com",
        authorise=authorise,
        judge=judge,
        fetch_token=fetch_token,
        app="app_key",
        per_second=10,  # of all methods together; the platform publishes none
    ),
    streams=(
        Stream(
            name="orders",
            request=_orders,
            # rows that change leave the window: read forwards, the next page would begin one too far on (OT)
            paging=Backwards(
                page="page_no",
                size="page_size",
                per_page=50,  # 40-50 advised
                total="trades_sold_increment_get_response.total_results",
            ),
            items="trades_sold_increment_get_response.trades.trade",
            tables=(ORDERS, ORDER_LINES),
            window=WindowRule(most=timedelta(minutes=30), look_back=1),  # a day at most, half an hour advised
        ),
        Stream(
            name="refunds",
            request=_refunds,
            paging=Backwards(
                page="page_no",
                size="page_size",
                per_page=100,
                total="refunds_receive_get_response.total_results",
            ),
            items="refunds_receive_get_response.refunds.refund",
            tables=(REFUNDS,),
            window=WindowRule(most=timedelta(days=1), look_back=1),
        ),
        Stream(
            name="reviews",
            request=_reviews,
            paging=Halved(
                inner=ByNumber(
                    page="page_no",
                    size="page_size",
                    per_page=150,
                    total="traderates_get_response.total_results",
                ),
                start="start_date",
                end="end_date",
                spelling=CHINA_TIME,
                most=1499,  # 1,500 may be more
            ),
            items="traderates_get_response.trade_rates.trade_rate",
            tables=(REVIEWS,),
            window=WindowRule(most=timedelta(days=31), look_back=30, reach=179),  # additions change old rows
        ),
        Stream(
            name="member_changes",
            request=_member_changes,
            paging=Halved(
                inner=replace(
                    _MEMBER_PAGES, total="crm_members_increment_get_response.total_result", most_pages=80
                ),
                start="start_modify",
                end="end_modify",
                spelling=CHINA_TIME,
                most=8_000,
            ),
            items="crm_members_increment_get_response.members.basic_member",
            tables=(MEMBERS,),
            window=WindowRule(most=timedelta(days=1), look_back=1),
        ),
        Stream(  # the beginning, and now and then to be sure
            name="members",
            request=_members,
            paging=_MEMBER_PAGES,
            items="crm_members_get_response.members.basic_member",
            tables=(MEMBERS,),
        ),
    ),
)
