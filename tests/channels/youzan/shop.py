"""A Youzan composed from its contract: tokens, calls by name and version, three shapes of replies, all HTTP 200.

The lines it stands for: "Auth", "Calling", "Orders" with its sample.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from siyu.channels.api import Account, Window
from siyu.channels.api.extract import extract_window
from siyu.channels.youzan import CONNECTOR
from siyu.landing import LoadRecord
from siyu.settings import Home, Settings
from tests.channels.api.platform import Answer, Asked
from tests.channels.sandboxed import QUICK, quick

KDT_ID, CLIENT, SECRET = "55667788", "client-1", "s3cret-of-the-app"
NOW = datetime(2024, 6, 10, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
DAY = Window(start=datetime(2024, 6, 7, 16, tzinfo=UTC), end=datetime(2024, 6, 8, 16, tzinfo=UTC))
TOKEN, ORDERS = "/auth/token", "/api/youzan.trades.sold.get/4.0.4"

# the sample of "Orders"
SAMPLE: dict[str, Any] = json.loads(
    """
{"code":200,"success":true,"data":{"total_results":1,"full_order_info_list":[{"full_order_info":{"order_info":
{"tid":"E202406010001","status":"TRADE_SUCCESS","created":"2024-06-01 10:00:00","update_time":"2024-06-08 10:00:00",
"refund_state":0},"buyer_info":{"yz_open_id":"AbC1","outer_user_id":"oA1"},"pay_info":{"total_fee":"13.00",
"post_fee":"2.00","payment":"9.82"},"orders":[{"oid":"901","title":"面霜","num":1,"price":"13.00","payment":"9.82",
"outer_sku_id":"FC-50"}]}}]}}
"""
)


def order(number: int, **parts: dict[str, Any]) -> dict[str, Any]:
    """An order like the sample; parts by name, such as pay_info, are laid over it."""
    info = json.loads(json.dumps(SAMPLE["data"]["full_order_info_list"][0]["full_order_info"]))
    info["order_info"]["tid"] = f"E20240601{number:04d}"
    for name, values in parts.items():
        info[name] = info.get(name, {}) | values
    return {"full_order_info": info}


def fine(data: dict[str, Any]) -> Answer:
    """Business ok."""
    return Answer(
        document={"trace_id": "t", "code": 200, "success": True, "message": "successful", "data": data}
    )


def gateway_error(code: int, text: str = "not told") -> Answer:
    return Answer(document={"gw_err_resp": {"trace_id": "t", "err_msg": text, "err_code": code}})


def business_error(code: int, data: Any = None) -> Answer:
    document = {"code": code, "success": False, "message": "not told", "data": data, "request_id": None}
    return Answer(document=document)


@dataclass
class Shop:
    """Orders of one window; `answers` by path go first, given what was asked."""

    orders: list[Any] = field(default_factory=list)
    answers: dict[str, Callable[[Asked], Answer | None]] = field(default_factory=dict)
    generation: int = 0  # of tokens

    def __call__(self, asked: Asked) -> Answer:
        if asked.path in self.answers and (other := self.answers[asked.path](asked)) is not None:
            return other
        if asked.path == TOKEN:
            return self._token()
        if asked.query.get("access_token") != f"token-{self.generation}":
            return gateway_error(4203)
        size, number = asked.body["page_size"], asked.body["page_no"]
        rows = self.orders[(number - 1) * size : number * size]
        return fine({"total_results": len(self.orders), "full_order_info_list": rows})

    def _token(self) -> Answer:
        """Reply: expires is the moment of expiry in milliseconds; here seven days after the one before."""
        self.generation += 1
        data = {
            "access_token": f"token-{self.generation}",
            "expires": int(NOW.timestamp() * 1000) + self.generation * 7 * 86_400_000,
            "scope": "trade",
            "authority_id": KDT_ID,
            "refresh_token": f"refresh-{self.generation}",
        }
        return Answer(document={"success": True, "code": 200, "data": data, "message": None})


def account(url: str, **settings: str) -> Account:
    return Account(
        name=KDT_ID,
        brand_code="default",
        channel_code="youzan",
        base_url=url,
        settings={"client_id": CLIENT, "client_secret": SECRET} | settings,
    )


def extract(home: Home, url: str, stream: str = "orders", **more: Any) -> LoadRecord:
    return extract_window(
        home,
        Settings(duckdb_threads=1, duckdb_memory_limit="500MB"),
        quick(CONNECTOR, stream),
        more.pop("account", None) or account(url),
        stream,
        more.pop("window", DAY),
        **({"clock": lambda: NOW, "patience": QUICK} | more),
    )
