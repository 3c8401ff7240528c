"""The Youzan sandbox against the contract page youzan; every test names the line it stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from siyu.sandbox.server.apps import App
from tests.sandbox.server.conftest import Running, running
from tests.sandbox.server.shop import CHINA, REFERENCE, shop

SOLD = "youzan.trades.sold.get/4.0.4"
ONE = "youzan.trade.get/4.0.2"
REFUNDS = "youzan.trade.refund.search/3.0.1"
CUSTOMERS = "youzan.scrm.customer.list/1.0.0"
DETAIL = "youzan.scrm.customer.detail.get/1.0.1"
POINTS = "youzan.crm.customer.points.changelog.search/3.0.0"
COUPON_LOG = "youzan.ump.coupon.consume.fetchlogs.get/3.0.0"
SALESMEN = "youzan.salesman.accounts.get/3.0.0"
SALESMAN_TRADES = "youzan.salesman.trades.get/3.0.1"
RECENT = {"start_created": "2026-11-01 00:00:00", "end_created": "2026-11-30 00:00:00"}


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp())


@dataclass
class Shop:
    """A caller of one app, with its token in the query as the platform wants it."""

    server: Running
    app: App
    client: httpx.Client
    token: str = ""

    def authorise(self, **changed: Any) -> dict[str, Any]:
        """The whole answer of auth/token."""
        body = {
            "client_id": self.app.app_id,
            "client_secret": self.app.secret,
            "authorize_type": "silent",
            "grant_id": self.app.grants["kdt_id"],
            "refresh": False,
        }
        return dict(self.client.post(f"{self.server.base}/youzan/auth/token", json=body | changed).json())

    def call(self, api: str, **body: Any) -> dict[str, Any]:
        """The whole answer."""
        answer = self.client.post(
            f"{self.server.base}/youzan/api/{api}", params={"access_token": self.token}, json=body
        )
        assert answer.status_code == 200
        return dict(answer.json())

    def data(self, api: str, **body: Any) -> Any:
        answer = self.call(api, **body)
        return answer["response"] if "response" in answer else answer["data"]

    def sold(self, **body: Any) -> list[str]:
        return [
            row["full_order_info"]["order_info"]["tid"]
            for row in self.data(SOLD, **body)["full_order_info_list"]
        ]

    def refusal(self, api: str, **body: Any) -> int:
        """Code of a refusal, in whichever of the shapes it came."""
        answer = self.call(api, **body)
        if "gw_err_resp" in answer:
            return int(answer["gw_err_resp"]["err_code"])
        return int(answer["error_response"]["code"] if "error_response" in answer else answer["code"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(shop(tmp_path_factory.mktemp("world")), at=REFERENCE) as served:
        yield served


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as shared:
        yield shared


@pytest.fixture
def youzan(server: Running, client: httpx.Client) -> Shop:
    server.admin.post("/reset")
    caller = Shop(server, server.app("youzan", "self_use"), client)
    caller.token = caller.authorise()["data"]["access_token"]
    return caller


# Auth


def test_token_reply_lacks_a_field(youzan: Shop) -> None:
    """Auth: {success:true, code:200, data:{access_token, expires: ms timestamp of expiry, scope, authority_id}}."""
    reply = youzan.authorise()
    assert (reply["success"], reply["code"], reply["message"]) == (True, 200, None)
    assert set(reply["data"]) == {"access_token", "expires", "scope", "authority_id"}
    assert reply["data"]["authority_id"] == youzan.app.grants["kdt_id"]
    lasts = datetime.fromtimestamp(reply["data"]["expires"] / 1000, tz=CHINA) - REFERENCE
    assert abs(lasts - timedelta(days=7)) < timedelta(minutes=1), "access_token 7 days"


def test_second_call_mints_another_token(youzan: Shop) -> None:
    """Auth: one per (app, shop); refresh:true mints a new one."""
    assert youzan.authorise()["data"]["access_token"] == youzan.token
    fresh = youzan.authorise(refresh=True)["data"]["access_token"]
    assert fresh != youzan.token
    assert youzan.refusal(SOLD) == 4203, "switch at once"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "wrong"}, 1000),
        ({"client_id": "nobody"}, 1103),
        ({"grant_id": "1"}, 1103),
        ({"authorize_type": "authorization_code", "code": "used"}, 1005),
        ({"authorize_type": "refresh_token", "refresh_token": "old"}, 1004),
    ],
)
def test_token_error_has_another_code(youzan: Shop, changed: dict[str, str], code: int) -> None:
    """Token errors ({success:false,code,message}): 1000, 1004, 1005, 1103."""
    reply = youzan.authorise(**changed)
    assert (reply["success"], reply["code"]) == (False, code)
    assert reply["message"]


def test_form_gets_a_token(youzan: Shop) -> None:
    """Auth: JSON only (form → {"success":false,"code":1000,…} P)."""
    form = {"client_id": youzan.app.app_id, "client_secret": youzan.app.secret, "authorize_type": "silent"}
    reply = youzan.client.post(f"{youzan.server.base}/youzan/auth/token", data=form).json()
    assert (reply["success"], reply["code"]) == (False, 1000)


def test_tool_app_refreshes_twice_with_one_token(youzan: Shop, server: Running) -> None:
    """Auth: tool refresh → new pair; 1105 wrong app type."""
    tool = Shop(server, server.app("youzan", "tool"), youzan.client)
    assert tool.authorise()["code"] == 1105
    first = tool.app.grants["refresh_token"]
    pair = tool.authorise(authorize_type="refresh_token", refresh_token=first)["data"]
    assert pair["refresh_token"] != first
    assert tool.authorise(authorize_type="refresh_token", refresh_token=first)["code"] == 1004
    tool.token = pair["access_token"]
    assert tool.call(SOLD)["success"] is True
    server.clock(advance_seconds=28 * 86400)
    assert tool.authorise(authorize_type="refresh_token", refresh_token=pair["refresh_token"])["code"] == 1004


# Calling


def test_gateway_refusal_has_another_code(youzan: Shop, server: Running) -> None:
    """err_code 4001/4005 (before token check), 4004/4007, 4201, 4202, 4203; gateway error shape."""
    base = f"{server.base}/youzan/api"
    client = youzan.client

    def code(answer: httpx.Response) -> int:
        body = answer.json()
        assert answer.status_code == 200
        assert set(body) == {"gw_err_resp"}, "no top-level code"
        assert set(body["gw_err_resp"]) == {"trace_id", "err_msg", "err_code"}
        return int(body["gw_err_resp"]["err_code"])

    assert code(client.post(f"{base}/youzan.trades.sold.get", json={})) == 4001
    assert code(client.post(f"{base}/youzan.trades.sold.get/9.9.9", json={})) == 4005
    assert code(client.get(f"{base}/{SOLD}", params={"access_token": youzan.token})) == 4007
    assert code(client.post(f"{base}/{SOLD}", data={"page_no": "1"})) == 4004
    assert code(client.post(f"{base}/{SOLD}", json={})) == 4201
    in_header = {"Authorization": f"Bearer {youzan.token}"}
    assert code(client.post(f"{base}/{SOLD}", json={}, headers=in_header)) == 4201, "header or body → 4201 P"
    assert code(client.post(f"{base}/{SOLD}", json={"access_token": youzan.token})) == 4201
    assert code(client.post(f"{base}/{SOLD}", json={}, params={"access_token": "x"})) == 4203
    server.clock(advance_seconds=7 * 86400)
    assert code(client.post(f"{base}/{SOLD}", json={}, params={"access_token": youzan.token})) == 4202


def test_answers_come_in_other_shapes(youzan: Shop) -> None:
    """business ok, business error, legacy 3.0.0 APIs."""
    good = youzan.call(SOLD)
    assert (good["code"], good["success"], good["message"]) == (200, True, "successful")
    assert set(good) == {"trace_id", "code", "success", "message", "data"}
    bad = youzan.call(SOLD, page_no=101)
    assert bad.pop("message")
    assert bad == {"code": 102570020, "success": False, "data": None, "request_id": None}
    assert set(youzan.call(SALESMEN)) == {"response"}
    assert set(youzan.call(SALESMEN, page_size=101)["error_response"]) == {"code", "msg"}


@pytest.mark.parametrize(("kind", "code"), [("token_expired", 4202), ("token_revoked", 4203)])
def test_f14_ended_token_goes_on(youzan: Shop, server: Running, kind: str, code: int) -> None:
    """4202 / 4203 token expired / unknown: refresh once, replay."""
    server.fault(kind, channel="youzan", times=1)
    assert [youzan.refusal(SOLD), youzan.refusal(SOLD)] == [code, code]
    youzan.token = youzan.authorise()["data"]["access_token"]
    assert youzan.call(SOLD)["success"] is True


def test_f15_too_many_calls_are_answered(youzan: Shop, server: Running) -> None:
    """4101 rate limited."""
    server.limits("youzan", {"calls": 2, "seconds": 60})
    assert [youzan.refusal(SOLD) for _ in range(3)] == [200, 200, 4101]
    assert youzan.refusal(CUSTOMERS) == 200, "kept per API"


def test_missing_package_has_another_code(youzan: Shop, server: Running) -> None:
    """4204 no capability package; 4007 IP whitelist."""
    server.fault("refused", channel="youzan", times=1)
    server.fault("refused", channel="youzan", times=1, options={"code": 4007})
    assert [youzan.refusal(SOLD) for _ in range(3)] == [4204, 4007, 200]


# Orders


def test_sample_of_the_page_reads_differently(youzan: Shop) -> None:
    """Orders: the sample reply, and update windows in pairs."""
    data = youzan.data(SOLD, start_update="2024-06-08 00:00:00", end_update="2024-06-09 00:00:00")
    assert data["total_results"] == 1
    order = data["full_order_info_list"][0]["full_order_info"]
    sample = {
        "order_info": {
            "tid": "E202406010001",
            "status": "TRADE_SUCCESS",
            "created": "2024-06-01 10:00:00",
            "update_time": "2024-06-08 10:00:00",
            "refund_state": 0,
        },
        "buyer_info": {"yz_open_id": "AbC1", "outer_user_id": "oA1"},
        "pay_info": {"total_fee": "13.00", "post_fee": "2.00", "payment": "9.82"},
    }
    for part, expected in sample.items():
        assert {name: order[part][name] for name in expected} == expected
    expected_line = {
        "oid": "901",
        "title": "面霜",
        "num": 1,
        "price": "13.00",
        "payment": "9.82",
        "outer_sku_id": "FC-50",
    }
    assert {name: order["orders"][0][name] for name in expected_line} == expected_line


def test_yuan_and_fen_are_not_mixed(youzan: Shop) -> None:
    """pay_info: yuan strings; deduction_* fen Long; order_extra.cash fen."""
    order = youzan.data(ONE, tid="E202611020001")["full_order_info"]
    assert order["pay_info"]["payment"] == order["pay_info"]["real_payment"] == "118.49"
    assert order["pay_info"]["deduction_pay"] == 0
    assert order["order_info"]["order_extra"]["cash"] == 11849


def test_amounts_of_one_order_do_not_add_up(youzan: Shop) -> None:
    """Identity: payment = total_fee − (order + item discount) + adjust + post; Σ orders.payment = payment."""
    detail = youzan.data(ONE, tid="E202611020001")
    order, promotion = detail["full_order_info"], detail["order_promotion"]

    def fen(text: str) -> int:
        whole, cents = text.split(".")
        return int(whole) * 100 + int(cents)

    pay = {name: fen(text) for name, text in order["pay_info"].items() if isinstance(text, str)}
    discounts = fen(promotion["order_discount_fee"]) + fen(promotion["item_discount_fee"])
    assert pay["payment"] == pay["total_fee"] - discounts + fen(promotion["adjust_fee"]) + pay["post_fee"]
    assert pay["payment"] == sum(fen(line["payment"]) for line in order["orders"])


def test_detail_lacks_refund_or_parcel(youzan: Shop) -> None:
    """trade.get adds refund_order[]{refund_id,refund_state,refund_fee yuan,oids[]}, delivery_order[]."""
    detail = youzan.data(ONE, tid="E202611020001")
    info = detail["full_order_info"]["order_info"]
    assert (info["refund_state"], info["offline_id"], info["order_tags"]["is_fenxiao_order"]) == (
        2,
        8800001,
        True,
    )
    assert info["update_time"] == "2026-11-04 16:00:00", "the refund's"
    assert detail["refund_order"] == [
        {"refund_id": "T900001", "refund_state": "SUCCESS", "refund_fee": "98.00", "oids": ["903"]}
    ]
    assert detail["delivery_order"][0]["oids"] == ["902", "903"]
    assert youzan.refusal(ONE, tid="none") == 101305001


def test_half_a_window_filters(youzan: Shop) -> None:
    """Request: times in pairs (else ignored), span ≤ 3 months."""
    assert youzan.sold(start_created="2026-11-01 00:00:00") == ["E202611020001", "E202406010001"]
    assert youzan.sold(**RECENT) == ["E202611020001"]
    assert (
        youzan.refusal(SOLD, start_created="2026-08-04 23:59:59", end_created="2026-11-05 00:00:00")
        == 102570020
    )
    assert youzan.refusal(SOLD, start_created="2026-08-05 00:00:00", end_created="2026-11-05 00:00:00") == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"start_created": "2026-11-01", "end_created": "2026-11-30"}, 5001),
        ({"start_created": 1762000000, "end_created": 1763000000}, 5001),
        ({"page_no": "1"}, 5001),
        ({"page_no": 0}, 102570020),
        ({"page_size": 101}, 102570020),
        ({"status": "PAID"}, 102570020),
    ],
    ids=str,
)
def test_wrong_parameter_is_served(youzan: Shop, body: dict[str, Any], code: int) -> None:
    """5001 usually wrong parameter type (date without time!); page_no 1..100; page_size ≤ 100."""
    assert youzan.refusal(SOLD, **body) == code


@pytest.mark.parametrize(
    "body",
    [
        {"page_no": 10**30},
        {"tid": "'; drop table orders; --"},
        {"start_created": "0001-01-01 00:00:00", "end_created": "9999-12-31 23:59:59"},
        {"status": ["PAID"]},
        {"receiver_phone": "\x00"},
    ],
    ids=str,
)
def test_odd_value_breaks_the_server(youzan: Shop, body: dict[str, Any]) -> None:
    """Layers: HTTP 200 always."""
    assert youzan.call(SOLD, **body)


def test_order_shows_before_its_lag(youzan: Shop, server: Running) -> None:
    """List/detail lag: wait ≥ 30 s after an event."""
    assert youzan.refusal(ONE, tid="E202611050001") == 101305001, "placed 15 seconds ago"
    server.clock(advance_seconds=15)
    assert youzan.sold(**RECENT) == ["E202611050001", "E202611020001"]
    assert youzan.sold(**RECENT, status="WAIT_BUYER_PAY") == ["E202611050001"]
    assert youzan.sold(**RECENT, status="TRADE_REFUND") == ["E202611020001"]


def test_rows_stay_in_their_place_while_paging_by_update(youzan: Shop, server: Running) -> None:
    """Gotcha: rows move between pages while paging by update time."""
    window = {"start_update": "2026-11-03 00:00:00", "end_update": "2026-11-30 00:00:00", "page_size": 1}
    assert youzan.sold(**window, page_no=1) == ["E202611020001"]
    server.clock(advance_seconds=15)  # a new order takes the first place
    assert youzan.sold(**window, page_no=2) == ["E202611020001"]


# Refunds


def test_refund_reads_differently(youzan: Shop) -> None:
    """refund.search: windows in unix seconds; rows {refund_id,tid,kdt_id,status,return_goods,reason,refund_fee,…}."""
    data = youzan.data(
        REFUNDS,
        update_time_start=seconds("2026-11-04 16:00:00"),
        update_time_end=seconds("2026-11-04 16:00:01"),
    )
    assert data["total"] == 1
    assert data["refunds"] == [
        {
            "refund_id": "T900001",
            "tid": "E202611020001",
            "kdt_id": int(youzan.app.grants["kdt_id"]),
            "status": "SUCCESS",
            "return_goods": True,
            "reason": 11,
            "refund_fee": "98.00",
            "created": "2026-11-03 12:00:00",
            "modified": "2026-11-04 16:00:00",
        }
    ]
    detail = youzan.data("youzan.trade.refund.get/3.0.1", refund_id="T900001")
    assert (detail["oid"], detail["refund_success_time"]) == ("903", "2026-11-04 16:00:00")
    assert isinstance(detail["version"], int)


def test_refund_limits_are_not_kept(youzan: Shop, server: Running) -> None:
    """refund.search: seconds (not strings); page_no×page_size ≤ 3000; no window → last 3 months of creation."""
    assert youzan.refusal(REFUNDS, update_time_start="2026-11-04 16:00:00") == 5001
    assert youzan.refusal(REFUNDS, page_no=31, page_size=100) == 102570020
    assert youzan.refusal(REFUNDS, page_no=30, page_size=100) == 200
    assert youzan.data(REFUNDS)["total"] == 1
    server.clock(advance_seconds=100 * 86400)
    youzan.token = youzan.authorise()["data"]["access_token"]
    assert youzan.data(REFUNDS)["total"] == 0
    assert youzan.data(REFUNDS, create_time_start=seconds("2026-11-01 00:00:00"))["total"] == 1


def test_refund_under_way_looks_done(youzan: Shop, server: Running) -> None:
    """status WAIT_SELLER_AGREE | WAIT_BUYER_RETURN_GOODS | …; refund_state 0/1/2/11/12."""
    server.clock(at="2026-11-03T12:30:00+08:00")
    assert youzan.data(REFUNDS)["refunds"][0]["status"] == "WAIT_SELLER_AGREE"
    assert youzan.data(ONE, tid="E202611020001")["full_order_info"]["order_info"]["refund_state"] == 1
    server.clock(at="2026-11-03T14:00:00+08:00")
    assert youzan.data(REFUNDS)["refunds"][0]["status"] == "WAIT_BUYER_RETURN_GOODS"


# Customers, points, coupons


def test_customer_reads_differently(youzan: Shop) -> None:
    """scrm.customer.list: total, record_list[]; created_at s; ordered by creation desc."""
    data = youzan.data(CUSTOMERS)
    assert data["total"] == 2
    assert [row["yz_open_id"] for row in data["record_list"]] == ["AbC2", "AbC1"]
    assert data["record_list"][1] == {
        "yz_open_id": "AbC1",
        "name": "王五",
        "show_name": "王五",
        "mobile": "13900000011",
        "gender": 2,
        "is_member": True,
        "points": 27,
        "trade_count": 2,
        "created_at": seconds("2024-05-01 00:00:00"),
        "created_member_at": seconds("2024-05-02 00:00:00"),
    }


def test_customer_filter_is_ignored(youzan: Shop) -> None:
    """scrm.customer.list: is_member, has_mobile, created_at_start/end in seconds (a generated client says ms)."""
    assert youzan.data(CUSTOMERS, is_member=True)["total"] == 1
    assert youzan.data(CUSTOMERS, has_mobile=False)["total"] == 0
    since = seconds("2026-11-01 00:00:00")
    assert youzan.data(CUSTOMERS, created_at_start=since, created_at_end=since)["total"] == 1
    assert youzan.data(CUSTOMERS, created_at_start=since * 1000)["total"] == 0, "milliseconds find nobody"
    assert youzan.refusal(CUSTOMERS, page_size=51) == 102570020
    assert youzan.refusal(CUSTOMERS, page_no=201, page_size=50) == 142710032, "10 000 rows per filter"


def test_changed_number_shows_too_early(youzan: Shop, server: Running) -> None:
    """customer.detail.get: account_info{account_type int 1 fans 2 mobile 5 yz_open_id}; created_at 13 digits."""
    by_open_id = {"account_info": {"account_type": 5, "account_id": "AbC2"}}
    detail = youzan.data(DETAIL, **by_open_id)
    assert detail["mobile"] == "13900000012"
    assert detail["created_at"] == seconds("2026-11-01 00:00:00") * 1000
    server.clock(advance_seconds=3600 + 30)
    assert youzan.data(DETAIL, **by_open_id)["mobile"] == "13900000099"
    by_mobile = {"account_info": {"account_type": 2, "account_id": "13900000099"}}
    assert youzan.data(DETAIL, **by_mobile)["yz_open_id"] == "AbC2"


def test_points_are_served_for_any_window(youzan: Shop) -> None:
    """points.changelog.search: start_date ≤ 30 days back, end within 7 days; details[]{amount,total,…}."""
    who = {"account_type": 5, "account_id": "AbC1"}
    found = youzan.data(POINTS, **who, start_date="2026-10-30 00:00:00", end_date="2026-11-05 00:00:00")
    assert found["total_points"] == 27
    assert [(row["amount"], row["total"]) for row in found["details"]] == [(-98, 27), (112, 125)]
    assert found["details"][1]["created_time"] == seconds("2026-11-02 10:05:00")
    too_early = {"start_date": "2026-10-01 00:00:00", "end_date": "2026-10-05 00:00:00"}
    too_long = {"start_date": "2026-10-20 00:00:00", "end_date": "2026-10-28 00:00:00"}
    assert [youzan.refusal(POINTS, **who, **window) for window in (too_early, too_long)] == [102570020] * 2


def test_coupon_log_reads_differently(youzan: Shop) -> None:
    """coupon.consume.fetchlogs.get: used_at "0000-00-00 00:00:00" when unused; page_size ≤ 500."""
    logs = youzan.data(COUPON_LOG, coupon_group_id=301)["fetchlogs"]
    assert [(row["is_used"], row["used_in_order_no"], row["used_at"]) for row in logs] == [
        (False, "", "0000-00-00 00:00:00"),
        (True, "E202611020001", "2026-11-02 10:00:00"),
    ]
    taken = {"start_taked": "2026-11-02 00:00:00", "end_taked": "2026-11-04 00:00:00"}
    assert len(youzan.data(COUPON_LOG, coupon_group_id=301, **taken)["fetchlogs"]) == 1
    assert youzan.refusal(COUPON_LOG, coupon_group_id=301, page_size=501) == 102570020


def test_coupon_search_outlives_its_end(youzan: Shop) -> None:
    """ump.coupon.search: offline since 2024-04; denominations fen."""
    assert youzan.refusal("youzan.ump.coupon.search/3.0.0") == 4005
    (group,) = youzan.data("youzan.ump.activity.manage.voucher.search/3.0.1")["groups"]
    assert (group["id"], group["denominations"], group["condition"]) == (301, 500, 5000)
    assert (group["total_qty"], group["total_take"], group["total_used"], group["stock_qty"]) == (
        100,
        2,
        1,
        98,
    )


# Salesmen


def test_salesman_reads_differently(youzan: Shop) -> None:
    """salesman.accounts.get: accounts[]{mobile,nickname,seller,order_num,money yuan,from_buyer_mobile,fans_id}."""
    data = youzan.data(SALESMEN)
    assert data["total_results"] == 2
    newest = data["accounts"][0]
    assert (newest["seller"], newest["order_num"], newest["money"], newest["from_buyer_mobile"]) == (
        "seller2",
        1,
        "118.49",
        "13900000011",
    )


def test_salesman_trades_do_not_add_up(youzan: Shop, server: Running) -> None:
    """salesman.trades.get: mobile or fans_id+fans_type; cps_money, settle_state 1 wait 2 done, items[]."""
    window = {"start_time": seconds("2026-11-01 00:00:00"), "end_time": seconds("2026-11-30 00:00:00")}
    data = youzan.data(SALESMAN_TRADES, mobile="13900000012", **window)
    (trade,) = data["list"]
    assert data["total"] == 1
    assert (trade["order_no"], trade["cps_money"], trade["settle_state"], trade["state"]) == (
        "E202611020001",
        "10.01",
        1,
        5,
    )
    shares = [round(float(item["i_cps_money"]) * 100) for item in trade["items"]]
    assert sum(shares) == 1001
    fans = next(row["fans_id"] for row in youzan.data(SALESMEN)["accounts"] if row["seller"] == "seller2")
    assert youzan.data(SALESMAN_TRADES, fans_id=fans, fans_type=9, **window)["total"] == 1
    assert youzan.refusal(SALESMAN_TRADES, fans_id=fans, **window) == 102570020
    server.clock(at="2026-11-07T00:00:00+08:00")
    settled = youzan.data(SALESMAN_TRADES, mobile="13900000099", **window)["list"][0]
    assert (settled["settle_state"], settled["settled_at"]) == (2, "2026-11-06 10:00:00")


def test_order_names_another_salesman(youzan: Shop) -> None:
    """salesman.trades.account.get: salesman of an order (phone, seller)."""
    api = "youzan.salesman.trades.account.get/3.0.0"
    assert youzan.data(api, order_no="E202611020001") == {"phone": "13900000012", "seller": "seller2"}
    assert youzan.data(api, order_no="E202406010001") == {}


# Lies and drift


def test_f17_paging_tells_the_truth(youzan: Shop, server: Running) -> None:
    """F17: total changes, empty middle page, a list without end, last page doubled."""
    server.fault("total_changes", channel="youzan", times=1, options={"by": -1})
    assert [youzan.data(SOLD)["total_results"] for _ in range(2)] == [1, 2]
    server.admin.delete("/faults")
    server.fault("empty_page", channel="youzan", times=1)
    assert [len(youzan.sold(page_size=1)) for _ in range(2)] == [0, 1]
    server.admin.delete("/faults")
    server.fault("endless", channel="youzan")
    assert youzan.data(SOLD, page_no=7, page_size=10)["total_results"] == 71
    server.admin.delete("/faults")
    server.fault("last_page_twice", channel="youzan")
    assert youzan.sold(page_size=1, page_no=2) == youzan.sold(page_size=1, page_no=3)


def test_f18_schema_stays_as_it_was(youzan: Shop, server: Running) -> None:
    """F18: an amount in fen, a field gone, inside an order."""
    server.fault("fen_for_yuan", channel="youzan", times=1, options={"field": "payment", "where": "pay_info"})
    row = youzan.data(SOLD, **RECENT)["full_order_info_list"][0]["full_order_info"]
    assert row["pay_info"]["payment"] == "11849"
    server.fault("field_removed", channel="youzan", options={"field": "update_time", "where": "order_info"})
    row = youzan.data(SOLD, **RECENT)["full_order_info_list"][0]["full_order_info"]
    assert "update_time" not in row["order_info"]
