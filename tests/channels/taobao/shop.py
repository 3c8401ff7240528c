"""A TOP gateway composed from the contract of Taobao: system parameters, pages by number, errors under HTTP 200.

The lines it stands for: "Gateway and signing" (POST, form, envelope `…_response`, lists wrapped twice), "Orders" and
its sample, "Auth".
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from siyu.channels.api import Account, Connector, Window
from siyu.channels.api.extract import extract_window
from siyu.channels.taobao import CONNECTOR
from siyu.landing import LoadRecord
from siyu.settings import Home, Settings
from tests.channels.api.platform import Answer, Asked
from tests.channels.sandboxed import QUICK, quick

APP_KEY, SECRET, SESSION = "23000001", "s3cret-of-the-app", "session-0"
NOW = datetime(2026, 10, 10, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
DAY = Window(start=datetime(2026, 10, 8, 16, tzinfo=UTC), end=datetime(2026, 10, 9, 16, tzinfo=UTC))
HALF_HOUR = Window(start=datetime(2026, 10, 9, 1, tzinfo=UTC), end=datetime(2026, 10, 9, 1, 30, tzinfo=UTC))

# "Sample (own)" of the contract
SAMPLE: dict[str, Any] = json.loads(
    """
{"trades_sold_increment_get_response":{"has_next":false,"trades":{"trade":[{"tid":3100000000000000001,
"status":"TRADE_FINISHED","payment":"188.00","post_fee":"0.00","received_payment":"188.00",
"created":"2026-10-01 10:00:00","pay_time":"2026-10-01 10:01:10","modified":"2026-10-09 09:00:00",
"end_time":"2026-10-09 09:00:00","buyer_open_uid":"AAHx_sample","buyer_nick":"m**e","receiver_city":"杭州市",
"orders":{"order":[{"oid":3100000000000000002,"num_iid":610000000001,"outer_iid":"SPU-1","outer_sku_id":"SKU-1-M",
"num":2,"price":"99.00","payment":"198.00","divide_order_fee":"188.00","part_mjz_discount":"10.00",
"refund_status":"NO_REFUND","status":"TRADE_FINISHED"}]}}]},"total_results":1,"request_id":"r1"}}
"""
)
TRADE: dict[str, Any] = SAMPLE["trades_sold_increment_get_response"]["trades"]["trade"][0]


def trade(number: int, **values: Any) -> dict[str, Any]:
    return TRADE | {"tid": 3100000000000000000 + number, "total_fee": "198.00"} | values


def reply(method: str, wrapped: tuple[str, str], rows: list[Any], *, total: int) -> Answer:
    """A page: the envelope is the method's name with underscores; lists are wrapped twice."""
    envelope = method.removeprefix("taobao.").replace(".", "_") + "_response"
    count = "total_result" if ".crm." in method else "total_results"
    document = {envelope: {wrapped[0]: {wrapped[1]: rows}, count: total, "request_id": "r1"}}
    return Answer(document=document)


def refused(code: int, sub_code: str = "isv.invalid-parameter", sub_msg: str = "not told") -> Answer:
    error = {"code": code, "msg": "not told", "sub_code": sub_code, "sub_msg": sub_msg, "request_id": "r1"}
    return Answer(document={"error_response": error})


@dataclass
class Gateway:
    """Trades of one window, whatever the window; `before` may answer instead."""

    trades: list[Any]
    before: Callable[[Asked], Answer | None] = lambda _: None

    def __call__(self, asked: Asked) -> Answer:
        if (other := self.before(asked)) is not None:
            return other
        size, number = int(asked.body["page_size"]), int(asked.body["page_no"])
        rows = self.trades[(number - 1) * size : number * size]
        return reply(asked.body["method"], ("trades", "trade"), rows, total=len(self.trades))


def account(url: str, **settings: str) -> Account:
    own = {"app_key": APP_KEY, "app_secret": SECRET, "session": SESSION}
    return Account(
        name="2200000001",
        brand_code="default",
        channel_code="tmall_shop",
        base_url=url,
        settings=own | settings,
    )


def extract(home: Home, url: str, stream: str = "orders", **more: Any) -> LoadRecord:
    connector: Connector = quick(CONNECTOR, stream, **more.pop("changes", {}))
    return extract_window(
        home,
        Settings(duckdb_threads=1, duckdb_memory_limit="500MB"),
        connector,
        more.pop("account", None) or account(url),
        stream,
        more.pop("window", HALF_HOUR),
        **({"clock": lambda: NOW, "patience": QUICK} | more),
    )
