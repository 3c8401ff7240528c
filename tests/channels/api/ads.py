"""An Ocean Engine composed from the contract of ads: its token, its report, its errors.

The lines it stands for: Token table (OE-1696710506097679: each refresh kills both old tokens), Report table and sample
(OE-1741387668314126: metrics are text, money in yuan, page_info), Errors table (OE-1696710760866831).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from math import ceil
from typing import Any

import duckdb

from siyu.channels.api import Account, Connector, Window
from siyu.channels.api.calls import Patience
from siyu.channels.api.extract import extract_window
from siyu.channels.catalogue import declared
from siyu.channels.ocean_engine import CONNECTOR
from siyu.landing import LoadRecord, create_raw_views
from siyu.settings import Home, Settings
from tests.channels.api.platform import Answer, Asked

REPORT, REFRESH = "/open_api/v3.0/report/custom/get/", "/open_api/oauth2/refresh_token/"
NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
DAY = Window(start=datetime(2026, 10, 31, 16, tzinfo=UTC), end=datetime(2026, 11, 1, 16, tzinfo=UTC))
QUICK = Patience(first_seconds=0.001, longest_seconds=0.01, tries=30, whole_seconds=20)
SECRET = "s3cret-of-the-app"  # noqa: S105 - of a platform that is not


def row(number: int, *, day: date = date(2026, 11, 1), **metrics: Any) -> dict[str, Any]:
    """A row like the contract's sample."""
    return {
        "dimensions": {
            "stat_time_day": day.isoformat(),
            "cdp_project_id": str(7300000000000000000 + number),
            "cdp_project_name": f"双十一 {number}",
        },
        "metrics": {
            "stat_cost": f"{number}.56",
            "show_cnt": "80000",
            "click_cnt": "1500",
            "convert_cnt": "40",
            "attribution_work_wechat_added_count": "35",
            "attribution_work_wechat_unfriend_count": "2",
        }
        | metrics,
    }


def refused(code: int) -> Answer:
    return Answer(document={"code": code, "message": "not told", "request_id": "r", "data": {}})


@dataclass
class Ads:
    """The platform: rows it has, and one valid pair of tokens at a time."""

    rows: list[Any]
    before_report: Callable[[Asked], Answer | None] = lambda _: None
    generation: int = 0  # of the pair of tokens; before the first refresh a person's consent gave refresh-0
    is_expired: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == REFRESH:
            return self._refresh(asked)
        if (other := self.before_report(asked)) is not None:
            return other
        if asked.headers["Access-Token"] != f"access-{self.generation}" or self.is_expired:
            return refused(40102)
        return Answer(document=self.page(int(asked.query["page"]), int(asked.query["page_size"])))

    def page(self, number: int, size: int) -> dict[str, Any]:
        if size > 100:
            return {"code": 40000, "message": "page_size", "data": {}}
        info = {
            "page": number,
            "page_size": size,
            "total_number": len(self.rows),
            "total_page": ceil(len(self.rows) / size),
        }
        rows = self.rows[(number - 1) * size : number * size]
        data = {"page_info": info, "rows": rows, "total_metrics": {"stat_cost": "0.00"}}
        return {"code": 0, "message": "OK", "request_id": "r1", "data": data}

    def _refresh(self, asked: Asked) -> Answer:
        with self.lock:
            if asked.body != {
                "app_id": 42,
                "secret": SECRET,
                "refresh_token": f"refresh-{self.generation}",
            }:
                return refused(40107)
            self.generation += 1
            self.is_expired = False
            data = {
                "access_token": f"access-{self.generation}",
                "expires_in": 86_400,
                "refresh_token": f"refresh-{self.generation}",
                "refresh_token_expires_in": 2_592_000,
                "advertiser_ids": [7300001],
            }
            return Answer(document={"code": 0, "message": "OK", "request_id": "r0", "data": data})


def account(url: str) -> Account:
    return Account(
        name="7300001",
        brand_code="default",
        channel_code="douyin_feed",
        base_url=url,
        settings={"app_id": "42", "secret": SECRET, "refresh_token": "refresh-0"},
    )


def extract(home: Home, url: str, *, connector: Connector = CONNECTOR, **more: Any) -> LoadRecord:
    return extract_window(
        home,
        Settings(duckdb_threads=1, duckdb_memory_limit="500MB"),
        connector,
        more.pop("account", None) or account(url),
        "campaign_daily",
        more.pop("window", DAY),
        **({"clock": lambda: NOW, "patience": QUICK} | more),
    )


def landed(home: Home, columns: str = "project_id, cost_amount") -> list[tuple[Any, ...]]:
    """Columns of the raw view, sorted; verified first, as before a build."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home, declared=declared())
        return sorted(connection.sql(f"select {columns} from raw.ocean_engine__campaign_daily").fetchall())  # noqa: S608


def source(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The same columns of the platform's rows."""
    return sorted((one["dimensions"]["cdp_project_id"], Decimal(one["metrics"]["stat_cost"])) for one in rows)
