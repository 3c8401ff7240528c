"""A made-up shop platform that has what Ocean Engine lacks: persons, nested lines, quotas, cursors, single refusals.

Money is in fen, times are epoch seconds, errors come under HTTP 200 as `errcode`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from siyu.channels.api import (
    Account,
    Api,
    Connector,
    Reaction,
    Request,
    Stream,
    Table,
    Trouble,
    Window,
    WindowRule,
    column,
    extract_window,
)
from siyu.channels.api.calls import Patience
from siyu.channels.api.declare import Presence
from siyu.channels.api.judging import by_code
from siyu.channels.api.paging import Backwards, ByNumber, Cursor, Paging, PerItem, Reader, Single
from siyu.channels.api.units import EPOCH, FEN, ID, INTEGER, TEXT
from siyu.landing import LoadRecord, create_raw_views
from siyu.resources import Kind, Personal
from siyu.settings import Home, Settings

NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
DAY = Window(start=datetime(2026, 10, 31, 16, tzinfo=UTC), end=datetime(2026, 11, 1, 16, tzinfo=UTC))
PLACED = 1_793_500_000  # 2026-11-01 in Shanghai, epoch seconds
QUICK = Patience(first_seconds=0.001, longest_seconds=0.01, tries=10, whole_seconds=5)

ORDERS = Table(
    name="orders",
    kind=Kind.VERSIONS,
    key="order_id",
    version="updated_at",
    happened="ordered_at",
    not_negative=("paid_amount",),
    columns=(
        column("order_id", ID, "id", "Order.", required=True),
        column("customer_id", ID, "buyer.openid", "Buyer.", personal=Personal.IDENTIFIER),
        column(
            "receiver_phone",
            TEXT,
            "receiver.mobile",
            "Phone of the receiver.",
            personal=Personal.IDENTIFIER,
            identifier="phone",
            presence=Presence.OPTIONAL,
        ),
        column(
            "receiver_name",
            TEXT,
            "receiver.name",
            "Name of the receiver.",
            personal=Personal.ATTRIBUTE,
            presence=Presence.OPTIONAL,
        ),
        column("order_status", TEXT, "status", "Status.", values=("PAID", "CLOSED")),
        column("paid_amount", FEN, "paid", "What was paid.", required=True),
        column("ordered_at", EPOCH, "created", "When it was placed.", required=True),
        column("updated_at", EPOCH, "updated", "When it last changed."),
        column("gift_id", ID, "gift", "Gift.", presence=Presence.UNVERIFIED),
    ),
    ignored=("note", "avatar"),
    harmless=("weather",),
)
LINES = Table(
    name="order_lines",
    kind=Kind.VERSIONS,
    key="order_id",
    version="updated_at",
    happened="ordered_at",
    rows="lines",
    columns=(
        column("order_id", ID, "^.id", "Order.", required=True),
        column("sku_id", ID, "sku", "Goods.", required=True),
        column("quantity", INTEGER, "num", "Units.", required=True),
        column("ordered_at", EPOCH, "^.created", "When the order was placed.", required=True),
        column("updated_at", EPOCH, "^.updated", "When the order last changed."),
    ),
)
CONTACTS = Table(
    name="contacts",
    kind=Kind.SNAPSHOT,
    key="contact_id",
    within=("guide_id",),
    columns=(
        column("guide_id", ID, "?.guide", "Whose contact.", required=True),
        column("contact_id", ID, "id", "Contact.", required=True, personal=Personal.IDENTIFIER),
    ),
)

TROUBLES: dict[int | str, Trouble] = {
    1: Trouble(reaction=Reaction.BACK_OFF, meaning="busy"),
    2: Trouble(reaction=Reaction.QUOTA, meaning="nothing more today"),
    3: Trouble(reaction=Reaction.WAIT, meaning="too often", seconds=0.2),
    4: Trouble(reaction=Reaction.WAIT, meaning="blocked for an hour", seconds=3600),
    5: Trouble(reaction=Reaction.SKIP_ITEM, meaning="nobody's contact"),
    6: Trouble(reaction=Reaction.RESTART, meaning="the cursor is void"),
    7: Trouble(reaction=Reaction.STOP_STREAM, meaning="not allowed", do="ask for it"),
    8: Trouble(reaction=Reaction.FAIL, meaning="wrong secret", do="mend it"),
}
NUMBERS = ByNumber(page="page", size="size", per_page=20, total="total")
BACKWARDS = Backwards(page="page", size="size", per_page=20, total="total")
CURSOR = Cursor(cursor="cursor", next="next", size="size", per_page=20)


def guides(reader: Reader) -> list[dict[str, str]]:
    page = reader.ask(Request(method="GET", path="/guides"), "guides")
    return [{"guide": item.value} for item in page.items]


def _as_it_is(request: Request, *_: Any) -> Request:
    return request


def _asked_contacts(*_: Any) -> Request:
    return Request(method="GET", path="/contacts")


def connector(orders: Paging = NUMBERS, *, most: timedelta | None = None) -> Connector:
    def asked_orders(_: Account, window: Window) -> Request:
        between = {"from": int(window.start.timestamp()), "to": int(window.end.timestamp())}
        return Request(method="POST", path="/orders", params=between, send="json")

    return Connector(
        channel="made_up_shop",
        settings=(),
        api=Api(
            base_url="http://nowhere.invalid",
            authorise=_as_it_is,
            judge=by_code("errcode", TROUBLES, fine=(0, None)),
            per_second=1000,
        ),
        streams=(
            Stream(
                name="orders",
                request=asked_orders,
                paging=orders,
                items="data.orders",
                tables=(ORDERS, LINES),
                window=WindowRule(most=most),
            ),
            Stream(
                name="contacts",
                request=_asked_contacts,
                paging=PerItem(each=guides, inner=Single()),
                items="contacts",
                tables=(CONTACTS,),
            ),
        ),
    )


def order(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": 3100000000000000000 + number,
        "buyer": {"openid": f"oCanary{number:05d}"},
        "receiver": {"mobile": f"138{number:08d}", "name": f"王{number:05d}"},
        "status": "PAID",
        "paid": 100 * number + 99,
        "created": PLACED + number,
        "updated": PLACED + number,
        "lines": [{"sku": "s-1", "num": 1}, {"sku": "s-2", "num": number}],
        "note": "白天送",
    } | values


def orders_page(orders: list[Any], asked: Mapping[str, Any], *, total: int | None = None) -> dict[str, Any]:
    """A page by number of these orders, as the platform would cut it."""
    size, number = asked["size"], asked["page"]
    listed = orders[(number - 1) * size : number * size]
    return {"errcode": 0, "total": len(orders) if total is None else total, "data": {"orders": listed}}


CONNECTOR = connector()


def extract(
    home: Home, url: str, stream: str = "orders", *, connector: Connector = CONNECTOR, **more: Any
) -> LoadRecord:
    settings = more.pop("settings", Settings(duckdb_threads=1, duckdb_memory_limit="500MB"))
    account = Account(name="shop-1", brand_code="default", channel_code="youzan", base_url=url)
    window = more.pop("window", DAY)
    return extract_window(
        home,
        settings,
        connector,
        account,
        stream,
        window,
        **({"clock": lambda: NOW, "patience": QUICK} | more),
    )


def raw(home: Home, resource: str, columns: str) -> list[tuple[Any, ...]]:
    """Columns of a raw view, sorted; verified first, as before a build."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home, declared={"made_up_shop": CONNECTOR.resources})
        rows = connection.sql(f"select {columns} from raw.made_up_shop__{resource}").fetchall()  # noqa: S608
    return sorted(rows, key=repr)
