"""The Ocean Engine sandbox against the contract page ads, section 1; every test names the line it stands for."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from siyu.sandbox.server.apps import App
from tests.sandbox.server.conftest import Running, running
from tests.sandbox.server.shop import REFERENCE, shop

ADVERTISER = 1700000000000001
DAY_BY_PROMOTION = ["stat_time_day", "cdp_promotion_id"]
SAMPLE_METRICS = ["stat_cost", "show_cnt", "click_cnt", "convert_cnt", "attribution_work_wechat_added_count"]


@dataclass
class Account:
    """A caller of one app."""

    server: Running
    app: App
    client: httpx.Client
    token: str = ""

    def exchange(self, endpoint: str, **body: Any) -> dict[str, Any]:
        """The whole answer of access_token or refresh_token."""
        app = {"app_id": int(self.app.app_id), "secret": self.app.secret}
        url = f"{self.server.base}/oceanengine/open_api/oauth2/{endpoint}/"
        return dict(self.client.post(url, json=app | body).json())

    def sign_in(self) -> dict[str, Any]:
        data = self.exchange("access_token", auth_code=self.app.grants["auth_code"])["data"]
        self.token = data["access_token"]
        return dict(data)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The whole answer; arrays go as JSON text inside the query string."""
        written = {
            name: json.dumps(value) if isinstance(value, list) else value for name, value in query.items()
        }
        answer = self.client.get(
            f"{self.server.base}/oceanengine/open_api{path}",
            params=written,
            headers={"Access-Token": self.token},
        )
        assert answer.status_code == 200
        return dict(answer.json())

    def report(self, **changed: Any) -> dict[str, Any]:
        asked = {
            "advertiser_id": ADVERTISER,
            "data_topic": "BASIC_DATA",
            "dimensions": DAY_BY_PROMOTION,
            "metrics": SAMPLE_METRICS,
            "filters": [],
            "order_by": [],
            "start_time": "2026-11-01 00:00:00",
            "end_time": "2026-11-01 23:59:59",
            "page": 1,
            "page_size": 100,
        }
        return self.get("/v3.0/report/custom/get/", **asked | changed)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(shop(tmp_path_factory.mktemp("world")), at=REFERENCE) as served:
        yield served


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as shared:
        yield shared


@pytest.fixture
def account(server: Running, client: httpx.Client) -> Account:
    server.admin.post("/reset")
    caller = Account(server, server.app("oceanengine", "main"), client)
    caller.sign_in()
    return caller


# Tokens


def test_token_reply_lacks_a_field(server: Running, client: httpx.Client) -> None:
    """Token, reply: {code:0,message:"OK",request_id,data:{access_token, expires_in, …, advertiser_ids[]}}."""
    server.admin.post("/reset")
    caller = Account(server, server.app("oceanengine", "main"), client)
    reply = caller.exchange("access_token", auth_code=caller.app.grants["auth_code"])
    assert (reply["code"], reply["message"]) == (0, "OK")
    assert reply["request_id"]
    data = reply["data"]
    assert (data["expires_in"], data["refresh_token_expires_in"]) == (86400, 30 * 86400)
    assert data["advertiser_ids"] == [ADVERTISER, ADVERTISER + 1]
    again = caller.exchange("access_token", auth_code=caller.app.grants["auth_code"])
    assert again["code"] == 40107, "auth_code: one use"


def test_old_tokens_live_on_after_a_refresh(account: Account) -> None:
    """Life: each refresh kills both old tokens."""
    old_access = account.token
    consent = account.client.get(
        f"{account.server.base}/oceanengine/openapi/audit/oauth.html",
        params={"app_id": account.app.app_id, "state": "s", "redirect_uri": "http://back"},
    )
    code = httpx.URL(consent.headers["location"]).params["auth_code"]
    first = account.exchange("access_token", auth_code=code)["data"]
    second = account.exchange("refresh_token", refresh_token=first["refresh_token"])["data"]
    assert account.exchange("refresh_token", refresh_token=first["refresh_token"])["code"] == 40107
    account.token = first["access_token"]
    assert account.report()["code"] == 40104
    account.token = second["access_token"]
    assert account.report()["code"] == 0
    account.token = old_access
    assert account.report()["code"] == 0, "another consent's tokens are untouched"


def test_f14_two_refreshes_at_once_both_succeed(account: Account, server: Running) -> None:
    """Life: two parallel refreshes = manual re-consent."""
    server.admin.post("/reset")
    refresh_token = account.sign_in()["refresh_token"]
    with ThreadPoolExecutor(4) as pool:
        replies = pool.map(lambda _: account.exchange("refresh_token", refresh_token=refresh_token), range(4))
    assert sorted(reply["code"] for reply in replies) == [0, 40107, 40107, 40107]


def test_expired_tokens_are_taken(account: Account, server: Running) -> None:
    """Errors: 40102 access token expired, 40103 refresh token expired; life: access 24 h, refresh 30 days."""
    server.admin.post("/reset")
    refresh_token = account.sign_in()["refresh_token"]
    server.clock(advance_seconds=86400)
    assert account.report()["code"] == 40102
    server.clock(advance_seconds=29 * 86400)
    assert account.exchange("refresh_token", refresh_token=refresh_token)["code"] == 40103


def test_code_lives_longer_than_ten_minutes(account: Account, server: Running) -> None:
    """Consent page → auth_code, 10 min, one use."""
    consent = account.client.get(
        f"{server.base}/oceanengine/openapi/audit/oauth.html",
        params={"app_id": account.app.app_id, "redirect_uri": "http://back"},
    )
    server.clock(advance_seconds=600)
    code = httpx.URL(consent.headers["location"]).params["auth_code"]
    assert account.exchange("access_token", auth_code=code)["code"] == 40107


@pytest.mark.parametrize(("token", "code"), [("", 40104), ("made up", 40104)])
def test_stranger_reads_a_report(account: Account, token: str, code: int) -> None:
    """Errors: 40104 access token empty or invalid."""
    account.token = token
    assert account.report()["code"] == code


def test_wrong_secret_gets_tokens(account: Account) -> None:
    """Errors: 40002 no permission for account / app secret mismatch."""
    wrong = {"secret": account.app.secret[::-1]}
    assert account.exchange("access_token", auth_code="x", **wrong)["code"] == 40002


@pytest.mark.parametrize(("kind", "code"), [("token_expired", 40102), ("token_revoked", 40104)])
def test_f14_ended_token_goes_on(account: Account, server: Running, kind: str, code: int) -> None:
    """Errors: 40102, 40104 refresh, replay."""
    server.fault(kind, channel="oceanengine", times=1)
    assert [account.report()["code"], account.report()["code"]] == [code, code]


# Report


def test_sample_of_the_page_reads_differently(account: Account) -> None:
    """Sample (own)."""
    found = account.report(
        filters=[{"field": "cdp_promotion_id", "type": 2, "operator": 1, "values": ["7300000000000000001"]}]
    )
    assert found.pop("request_id")
    metrics = {
        "stat_cost": "1234.56",
        "show_cnt": "80000",
        "click_cnt": "1500",
        "convert_cnt": "40",
        "attribution_work_wechat_added_count": "35",
    }
    assert found == {
        "code": 0,
        "message": "OK",
        "data": {
            "page_info": {"page": 1, "page_size": 100, "total_number": 1, "total_page": 1},
            "rows": [
                {
                    "dimensions": {"stat_time_day": "2026-11-01", "cdp_promotion_id": "7300000000000000001"},
                    "metrics": metrics,
                }
            ],
            "total_metrics": metrics,
        },
    }


def test_derived_metrics_are_computed_from_other_figures(account: Account) -> None:
    """All metric values are strings; money in yuan, 2 decimals; ctr and conversion_rate are percent numbers."""
    asked = ["stat_cost", "ctr", "conversion_rate", "cpc_platform", "cpm_platform", "conversion_cost"]
    (row,) = account.report(metrics=asked, dimensions=["cdp_project_name"])["data"]["rows"]
    # 1234.56 + 1.00 yuan, 80000 + 1000 shows, 1500 clicks, 40 conversions
    assert row == {
        "dimensions": {"cdp_project_name": "双十一"},
        "metrics": {
            "stat_cost": "1235.56",
            "ctr": "1.85",
            "conversion_rate": "2.67",
            "cpc_platform": "0.82",
            "cpm_platform": "15.25",
            "conversion_cost": "30.89",
        },
    }


def test_rows_come_in_another_order(account: Account) -> None:
    """order_by: object[] {field, type ASC/DESC}; filters: type 3 number, operator 4 >."""
    asked = {"metrics": ["show_cnt"], "dimensions": ["cdp_promotion_id"], "end_time": "2026-11-04 23:59:59"}
    shows = [
        row["metrics"]["show_cnt"]
        for row in account.report(**asked, order_by=[{"field": "show_cnt", "type": "ASC"}])["data"]["rows"]
    ]
    assert shows == ["1000", "86600"]
    above = account.report(
        **asked, filters=[{"field": "show_cnt", "type": 3, "operator": 4, "values": [1000]}]
    )
    assert [row["metrics"]["show_cnt"] for row in above["data"]["rows"]] == ["86600"]
    assert above["data"]["total_metrics"] == {"show_cnt": "86600"}


@pytest.mark.parametrize(
    "changed",
    [
        {"page_size": 101},
        {"page": 0},
        {"dimensions": []},
        {"metrics": ["no_such_metric"]},
        {"dimensions": "stat_time_day"},
        {"start_time": "2026-10-01 00:00:00", "end_time": "2026-11-01 00:00:00"},
        {"start_time": "2026/11/01"},
        {"page": "²"},
        {"metrics": [["show_cnt"]]},
        {"filters": [1]},
        {"advertiser_id": "x"},
        {"data_topic": "MATERIAL_DATA"},
        {"filters": [{"field": "show_cnt", "type": 3, "operator": 4, "values": ["many"]}]},
    ],
    ids=str,
)
def test_wrong_parameter_is_served(account: Account, changed: dict[str, Any]) -> None:
    """Errors: 40000 parameter error; page_size max 100; span ≤ 30 days; arrays are JSON text."""
    assert account.report(**changed)["code"] == 40000


def test_date_without_time_is_refused(account: Account) -> None:
    """start_time: older SDKs send yyyy-MM-dd."""
    assert (
        account.report(start_time="2026-11-01", end_time="2026-11-01")["data"]["page_info"]["total_number"]
        == 2
    )


def test_app_reads_an_account_outside_its_consent(server: Running, client: httpx.Client) -> None:
    """Errors: 40002 no permission for account."""
    server.admin.post("/reset")
    narrow = Account(server, server.app("oceanengine", "narrow"), client)
    assert narrow.sign_in()["advertiser_ids"] == [ADVERTISER]
    assert narrow.report(advertiser_id=ADVERTISER + 1)["code"] == 40002
    listed = narrow.get("/oauth2/advertiser/get/")["data"]["list"]
    assert [row["advertiser_id"] for row in listed] == [ADVERTISER]
    assert {"advertiser_name", "account_role", "is_valid", "company_list"} < set(listed[0])


@pytest.mark.parametrize(
    ("moment", "shows"),
    [
        # 33 hours from midnight to 09:00 of the next day, 6,600 impressions: 200 each hour
        ("2026-11-05T00:00:00+08:00", None),
        ("2026-11-05T12:00:00+08:00", "2400"),
        ("2026-11-06T00:00:00+08:00", "4800"),
        ("2026-11-06T08:59:59+08:00", "6599"),
        ("2026-11-06T09:00:00+08:00", "6600"),
        ("2026-11-09T00:00:00+08:00", "6600"),
    ],
)
def test_day_is_settled_too_early_or_too_late(
    account: Account, server: Running, moment: str, shows: str | None
) -> None:
    """Freshness: today moves, yesterday is stable about 09:00 (RES)."""
    server.clock(at="2026-11-05T00:00:00+08:00")
    server.admin.post("/reset")
    server.clock(at=moment)
    account.sign_in()
    rows = account.report(start_time="2026-11-05", end_time="2026-11-05")["data"]["rows"]
    assert [row["metrics"]["show_cnt"] for row in rows] == ([shows] if shows else [])


def test_config_lists_what_the_report_refuses(account: Account) -> None:
    """GET report/custom/config/get {advertiser_id, data_topics[]} → list[{data_topic, dimensions[], metrics[]}]."""
    (topic,) = account.get(
        "/v3.0/report/custom/config/get/", advertiser_id=ADVERTISER, data_topics=["BASIC_DATA"]
    )["data"]["list"]
    assert topic["data_topic"] == "BASIC_DATA"
    metrics = [metric["field"] for metric in topic["metrics"]]
    dimensions = [dimension["field"] for dimension in topic["dimensions"]]
    assert account.report(metrics=metrics, dimensions=dimensions)["code"] == 0


def test_yesterdays_booking_is_there_before_eight(account: Account, server: Running) -> None:
    """fund/daily_stat: yesterday's row appears about 08:00; page·size ≤ 10 000."""

    def days() -> dict[str, str]:
        found = account.get(
            "/2/advertiser/fund/daily_stat/",
            advertiser_id=ADVERTISER,
            start_date="2026-11-01",
            end_date="2026-11-30",
            page=1,
            page_size=100,
        )
        return {row["date"]: row["cost"] for row in found["data"]["list"]}

    assert days() == {"2026-11-01": "1235.56", "2026-11-04": "330.00"}
    server.clock(at="2026-11-05T07:59:59+08:00")
    assert days() == {"2026-11-01": "1235.56"}
    too_much = account.get(
        "/2/advertiser/fund/daily_stat/",
        advertiser_id=ADVERTISER,
        start_date="2026-11-01",
        end_date="2026-11-02",
        page=101,
        page_size=100,
    )
    assert too_much["code"] == 40000


# Limits, lies and drift


def test_f15_too_many_calls_are_answered(account: Account, server: Running) -> None:
    """Errors: 40130 of this advertiser; 40110 developer; 40100 platform-wide."""
    server.limits("oceanengine", {"calls": 2, "seconds": 60})
    assert [account.report()["code"] for _ in range(3)] == [0, 0, 40130]
    server.admin.post("/reset")
    account.sign_in()
    server.fault("rate_limited", channel="oceanengine", times=1)
    server.fault("quota_gone", channel="oceanengine", times=1)
    server.fault("refused", channel="oceanengine", times=1, options={"code": 40118})
    assert [account.report()["code"] for _ in range(4)] == [40110, 40100, 40118, 0]


def test_f17_paging_tells_the_truth(account: Account, server: Running) -> None:
    """F17: total changes, has_next for ever."""
    asked = {"page_size": 1, "metrics": ["show_cnt"]}
    server.fault("total_changes", channel="oceanengine", times=1)
    assert [account.report(**asked)["data"]["page_info"]["total_number"] for _ in range(2)] == [3, 2]
    server.admin.delete("/faults")
    server.fault("endless", channel="oceanengine")
    assert account.report(**asked, page=9)["data"]["page_info"]["total_page"] == 10
    assert account.report(**asked, page=9)["data"]["rows"] == []


def test_f18_schema_stays_as_it_was(account: Account, server: Running) -> None:
    """F18: an amount in fen."""
    server.fault("fen_for_yuan", channel="oceanengine", options={"field": "stat_cost", "where": "metrics"})
    assert account.report()["data"]["rows"][0]["metrics"]["stat_cost"] == "123456"
