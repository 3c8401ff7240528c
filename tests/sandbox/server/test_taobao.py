"""The Taobao sandbox against the contract page taobao; every test names the line it stands for."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.taobao.signing import signature
from tests.sandbox.server.conftest import Running, running
from tests.sandbox.server.shop import REFERENCE, shop

SAMPLE_FIELDS = (
    "tid,status,payment,post_fee,received_payment,created,pay_time,modified,end_time,buyer_open_uid,buyer_nick,"
    "receiver_city,orders.oid,orders.num_iid,orders.outer_iid,orders.outer_sku_id,orders.num,orders.price,"
    "orders.payment,orders.divide_order_fee,orders.part_mjz_discount,orders.refund_status,orders.status"
)
# The sample of the page, "Orders".
SAMPLE_TRADE = {
    "tid": 3100000000000000001,
    "status": "TRADE_FINISHED",
    "payment": "188.00",
    "post_fee": "0.00",
    "received_payment": "188.00",
    "created": "2026-10-01 10:00:00",
    "pay_time": "2026-10-01 10:01:10",
    "modified": "2026-10-09 09:00:00",
    "end_time": "2026-10-09 09:00:00",
    "buyer_open_uid": "AAHx_sample",
    "buyer_nick": "m**e",
    "receiver_city": "杭州市",
    "orders": {
        "order": [
            {
                "oid": 3100000000000000002,
                "num_iid": 610000000001,
                "outer_iid": "SPU-1",
                "outer_sku_id": "SKU-1-M",
                "num": 2,
                "price": "99.00",
                "payment": "198.00",
                "divide_order_fee": "188.00",
                "part_mjz_discount": "10.00",
                "refund_status": "NO_REFUND",
                "status": "TRADE_FINISHED",
            }
        ]
    },
}
YESTERDAY = {"start_modified": "2026-11-04 00:00:00", "end_modified": "2026-11-05 00:00:00"}


@dataclass
class Shop:
    """A caller that signs by the page's steps, written here and not taken from the server."""

    server: Running
    app: App
    client: httpx.Client
    now: datetime = REFERENCE

    def signed(self, method: str, **parameters: Any) -> dict[str, str]:
        form = {
            "method": method,
            "app_key": self.app.app_id,
            "session": self.app.grants["session"],
            "timestamp": self.now.strftime("%Y-%m-%d %H:%M:%S"),
            "format": "json",
            "v": "2.0",
            "sign_method": "md5",
        } | {name: str(value) for name, value in parameters.items()}
        form = {name: value for name, value in form.items() if value != ""}
        joined = "".join(name + form[name] for name in sorted(form)).encode()
        secret = self.app.secret.encode()
        digests = {
            "md5": lambda: hashlib.md5(secret + joined + secret, usedforsecurity=False).hexdigest(),
            "hmac": lambda: hmac.new(secret, joined, "md5").hexdigest(),
            "hmac-sha256": lambda: hmac.new(secret, joined, "sha256").hexdigest(),
        }
        return form | {"sign": digests[form["sign_method"]]().upper()}

    def post(self, form: dict[str, str]) -> httpx.Response:
        answer = self.client.post(f"{self.server.base}/taobao/router/rest", data=form)
        assert answer.status_code == 200
        return answer

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The inside of the envelope."""
        body = self.post(self.signed(method, **parameters)).json()
        (root,) = body
        assert root == method.removeprefix("taobao.").replace(".", "_") + "_response", body
        return dict(body[root])

    def refusal(self, method: str, **parameters: Any) -> tuple[int, str]:
        error = self.post(self.signed(method, **parameters)).json()["error_response"]
        return error["code"], error.get("sub_code", "")

    def tids(self, method: str, **parameters: Any) -> list[int]:
        found = self.call(method, fields="tid", **parameters)
        return [trade["tid"] % 1000 for trade in found["trades"]["trade"]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(shop(tmp_path_factory.mktemp("world")), at=REFERENCE) as served:
        yield served


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as shared:
        yield shared


@pytest.fixture
def tmall(server: Running, client: httpx.Client) -> Shop:
    server.admin.post("/reset")
    return Shop(server, server.app("taobao", "main"), client)


# Gateway and signing


@pytest.mark.parametrize(
    ("method", "parameters", "secret", "expected"),
    [
        (
            "md5",  # the platform's own example, open.taobao.com docId 101617
            {
                "method": "taobao.item.seller.get",
                "app_key": "12345678",
                "session": "test",
                "timestamp": "2016-01-01 12:00:00",
                "format": "json",
                "v": "2.0",
                "sign_method": "md5",
                "fields": "num_iid,title,nick,price,num",
                "num_iid": "11223344",
            },
            "helloworld",
            "66987CB115214E59E6EC978214934FB8",
        ),
        # RFC 2202, HMAC-MD5 test case 2, and RFC 4231, HMAC-SHA-256 test case 2
        ("hmac", {"what do ya want": " for nothing?"}, "Jefe", "750C783E6AB0B503EAA86E310A5DB738"),
        (
            "hmac-sha256",
            {"what do ya want": " for nothing?"},
            "Jefe",
            "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
        ),
    ],
)
def test_published_vector_gets_another_signature(
    method: str, parameters: dict[str, str], secret: str, expected: str
) -> None:
    assert signature(parameters, secret=secret, method=method) == expected


@pytest.mark.parametrize("sign_method", ["md5", "hmac", "hmac-sha256"])
def test_signature_by_the_page_is_refused(tmall: Shop, sign_method: str) -> None:
    """Gateway: sign_method md5 / hmac / hmac-sha256."""
    assert tmall.call("taobao.trades.sold.get", fields="tid", sign_method=sign_method)["trades"]


def test_changed_value_passes_the_signature(tmall: Shop) -> None:
    """Errors: 25 bad signature."""
    form = tmall.signed("taobao.trades.sold.get", fields="tid")
    assert tmall.post(form | {"fields": "tid,payment"}).json()["error_response"]["code"] == 25


def test_parameter_added_after_signing_passes(tmall: Shop) -> None:
    """Sign step 1: take all params, system + business."""
    form = tmall.signed("taobao.trades.sold.get", fields="tid")
    assert tmall.post(form | {"page_no": "1"}).json()["error_response"]["code"] == 25


def test_chinese_text_and_signs_are_signed_encoded(tmall: Shop) -> None:
    """Sign step 2: values raw, not URL-encoded."""
    assert tmall.call("taobao.crm.members.get", current_page=1, buyer_nick="张 三&=%+")["total_result"] == 0


@pytest.mark.parametrize(
    ("minutes", "code"), [(9, None), (-9, None), (11, 31), (-11, 31)], ids=["+9", "-9", "+11", "-11"]
)
def test_clock_skew_is_judged_wrongly(tmall: Shop, minutes: int, code: int | None) -> None:
    """Gateway: clock skew ±10 min (AUTH)."""
    tmall.now = REFERENCE + timedelta(minutes=minutes)
    body = tmall.post(tmall.signed("taobao.trades.sold.get", fields="tid")).json()
    assert body.get("error_response", {}).get("code") == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"session": ""}, 26),
        ({"session": "nobody's"}, 27),
        ({"app_key": ""}, 28),
        ({"app_key": "1"}, 29),
        ({"timestamp": ""}, 30),
        ({"timestamp": "yesterday"}, 31),
        ({"v": ""}, 32),
        ({"v": "3.0"}, 33),
        ({"fields": ""}, 40),
        ({"page_size": "101"}, 41),
        ({"page_no": "x"}, 41),
    ],
)
def test_refusal_has_another_code(tmall: Shop, changed: dict[str, str], code: int) -> None:
    """Errors: 26, 27 session; 28-31 app key, timestamp, version; 40, 41, 43 arguments."""
    assert tmall.refusal("taobao.trades.sold.get", **{"fields": "tid"} | changed)[0] == code


@pytest.mark.parametrize(
    "changed",
    [
        {"start_created": "0001-01-01 00:00:00"},
        {"page_no": "²"},
        {"page_no": "9" * 40},
        {"timestamp": "9" * 40},
        {"status": "\x00"},
        {"type": "'; drop table orders; --"},
    ],
    ids=str,
)
def test_odd_value_breaks_the_server(tmall: Shop, changed: dict[str, str]) -> None:
    """Errors (HTTP 200)."""
    assert tmall.post(tmall.signed("taobao.trades.sold.get", **{"fields": "tid"} | changed)).json()


def test_refusal_has_another_shape(tmall: Shop) -> None:
    """Errors: {"error_response":{"code","msg","sub_code","sub_msg","request_id"}} under HTTP 200."""
    error = tmall.post(tmall.signed("taobao.trades.sold.get")).json()["error_response"]
    assert set(error) == {"code", "msg", "sub_code", "sub_msg", "request_id"}
    assert isinstance(error["code"], int)


def test_app_answers_for_the_session_of_another(tmall: Shop, server: Running) -> None:
    """Errors: 27 invalid session."""
    other = server.app("taobao", "second").grants["session"]
    assert tmall.refusal("taobao.trades.sold.get", fields="tid", session=other)[0] == 27


def test_answer_without_format_is_not_xml(tmall: Shop) -> None:
    """Gateway: format json/xml (default xml)."""
    answer = tmall.post(tmall.signed("taobao.trades.sold.get", fields="tid,orders.oid", format=""))
    root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own server's
    assert root.tag == "trades_sold_get_response"
    assert "3100000000000000001" in [tid.text for tid in root.findall("trades/trade/tid")]
    assert "3100000000000000002" in [oid.text for oid in root.findall("trades/trade/orders/order/oid")]


def test_simplify_leaves_lists_wrapped_twice(tmall: Shop) -> None:
    """Envelope: lists are wrapped twice unless simplify=true."""
    found = tmall.call("taobao.trades.sold.get", fields="tid,orders.oid", simplify="true")
    assert found["trades"][0].keys() == {"tid", "orders"}
    assert isinstance(found["trades"][0]["orders"], list)


# Auth


def test_consent_gives_no_session(tmall: Shop) -> None:
    """Auth: authorise → code → token; reply fields."""
    consent = tmall.client.get(
        f"{tmall.server.base}/taobao/authorize",
        params={
            "response_type": "code",
            "client_id": tmall.app.app_id,
            "redirect_uri": "http://back",
            "state": "s1",
        },
    )
    target = httpx.URL(consent.headers["location"])
    assert target.params["state"] == "s1"
    form = {
        "grant_type": "authorization_code",
        "code": target.params["code"],
        "client_id": tmall.app.app_id,
        "client_secret": tmall.app.secret,
        "redirect_uri": "http://back",
    }
    reply = tmall.client.post(f"{tmall.server.base}/taobao/token", data=form).json()
    assert {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "re_expires_in",
        "taobao_user_nick",
    } <= set(reply)
    assert tmall.call("taobao.trades.sold.get", fields="tid", session=reply["access_token"])
    assert tmall.client.post(f"{tmall.server.base}/taobao/token", data=form).status_code == 400, (
        "a code is used once"
    )


@pytest.mark.parametrize(("kind", "refreshed"), [("token_expired", True), ("token_revoked", False)])
def test_f14_ended_session_goes_on(tmall: Shop, server: Running, kind: str, refreshed: bool) -> None:
    """Errors: 26, 27 alert: re-authorise; refresh if refreshable."""
    server.fault(kind, channel="taobao", after=1, times=1)
    assert tmall.call("taobao.trades.sold.get", fields="tid")
    assert tmall.refusal("taobao.trades.sold.get", fields="tid")[0] == 27
    assert tmall.refusal("taobao.trades.sold.get", fields="tid")[0] == 27, "the session stays ended"
    answer = tmall.client.post(
        f"{server.base}/taobao/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": tmall.app.grants["refresh_token"],
            "client_id": tmall.app.app_id,
            "client_secret": tmall.app.secret,
        },
    )
    assert answer.is_success == refreshed
    if refreshed:
        assert tmall.call("taobao.trades.sold.get", fields="tid", session=answer.json()["access_token"])


# Limits


def test_f15_too_many_calls_are_answered(tmall: Shop, server: Running) -> None:
    """Errors: 7 app call limited; sub_code accesscontrol.limited-by-*; text may hold ban seconds."""
    server.limits("taobao", {"calls": 2, "seconds": 60, "blocked_seconds": 60})
    for _ in range(2):
        tmall.call("taobao.trades.sold.get", fields="tid")
    error = tmall.post(tmall.signed("taobao.trades.sold.get", fields="tid")).json()["error_response"]
    assert (error["code"], error["sub_code"]) == (7, "accesscontrol.limited-by-api-access-count")
    assert "1 more seconds" in error["sub_msg"]
    assert server.calls("taobao.trades.sold.get")[0]["calls"] == 3


def test_f15_quota_of_the_day_comes_back_the_same_day(tmall: Shop, server: Running) -> None:
    """Errors: 7, daily: stop run, resume next day."""
    server.fault("quota_gone", channel="taobao")
    for _ in range(2):
        assert tmall.refusal("taobao.trades.sold.get", fields="tid") == (
            7,
            "accesscontrol.limited-by-app-access-count",
        )
    server.clock(advance_seconds=86400)
    tmall.now = REFERENCE + timedelta(days=1)
    assert tmall.call("taobao.trades.sold.get", fields="tid")


def test_missing_permission_has_another_shape(tmall: Shop, server: Running) -> None:
    """Errors: 11, 12, 13 no permission (isv.permission-*)."""
    options = {"code": 12, "sub_code": "isv.permission-ip-whitelist-limit"}
    server.fault("refused", channel="taobao", options=options)
    assert tmall.refusal("taobao.trades.sold.get", fields="tid") == (12, "isv.permission-ip-whitelist-limit")


# Orders


def test_sample_of_the_page_reads_differently(tmall: Shop) -> None:
    """Orders: Sample (own)."""
    found = tmall.call(
        "taobao.trades.sold.increment.get",
        fields=SAMPLE_FIELDS,
        start_modified="2026-10-09 00:00:00",
        end_modified="2026-10-10 00:00:00",
        use_has_next="true",
    )
    assert found.pop("request_id")
    assert found == {"has_next": False, "trades": {"trade": [SAMPLE_TRADE]}}


def test_field_that_was_not_asked_for_is_returned(tmall: Shop) -> None:
    """All take `fields` (comma list, required; only listed fields are returned)."""
    (trade,) = tmall.call("taobao.trades.sold.get", fields="tid,orders.oid", status="TRADE_FINISHED")[
        "trades"
    ]["trade"]
    assert trade == {"tid": 3100000000000000001, "orders": {"order": [{"oid": 3100000000000000002}]}}


def test_time_that_was_not_reached_is_there(tmall: Shop) -> None:
    """Trade field: created, pay_time, … absent when not reached."""
    (trade,) = tmall.call(
        "taobao.trades.sold.get", fields="tid,created,pay_time,consign_time", status="TRADE_CLOSED_BY_TAOBAO"
    )["trades"]["trade"]
    assert trade == {"tid": 3100000000000000021, "created": "2026-11-03 09:00:00"}


def test_list_counts_and_orders_by_creation(tmall: Shop) -> None:
    """trades.sold.get: page_no from 1, page_size 40 default; total_results unless use_has_next."""
    found = tmall.call("taobao.trades.sold.get", fields="tid", page_size=2, page_no=2)
    assert found["total_results"] == 5
    assert [trade["tid"] % 1000 for trade in found["trades"]["trade"]] == [21, 41]
    assert "has_next" not in found
    last = tmall.call("taobao.trades.sold.get", fields="tid", page_size=2, page_no=3, use_has_next="true")
    assert last["has_next"] is False
    assert "total_results" not in last


def test_order_older_than_three_months_is_listed(tmall: Shop) -> None:
    """trades.sold.get: only last 3 months; history.get: 3 months – 2 years old, page_size ≤ 50."""
    old = {"start_created": "2026-05-01 00:00:00", "end_created": "2026-07-01 00:00:00"}
    assert tmall.tids("taobao.trades.sold.get", **old) == []
    assert tmall.tids("taobao.trades.sold.history.get", **old) == [61]
    assert tmall.refusal("taobao.trades.sold.history.get", fields="tid", page_size=51, **old)[0] == 41


@pytest.mark.parametrize(
    ("window", "refused"),
    [
        ({"start_modified": "2026-11-04 00:00:00"}, (40, "isv.missing-parameter:end_modified")),
        (
            {"start_modified": "2026-11-03 23:59:59", "end_modified": "2026-11-05 00:00:00"},
            (15, "isv.invalid-parameter"),
        ),
        (
            {"start_modified": "2026-11-05 00:00:00", "end_modified": "2026-11-04 00:00:00"},
            (15, "isv.invalid-parameter"),
        ),
        (
            {"start_modified": "2026-11-04", "end_modified": "2026-11-05"},
            (41, "isv.invalid-parameter:start_modified"),
        ),
    ],
)
def test_window_that_is_too_long_is_served(
    tmall: Shop, window: dict[str, str], refused: tuple[int, str]
) -> None:
    """trades.sold.increment.get: start_modified + end_modified required, span ≤ 1 day."""
    assert tmall.refusal("taobao.trades.sold.increment.get", fields="tid", **window) == refused


def test_forward_reader_misses_no_row_that_moves(tmall: Shop, server: Running) -> None:
    """Gotcha: forward paging in increment.get skips rows."""
    first = tmall.tids("taobao.trades.sold.increment.get", page_size=2, page_no=1, **YESTERDAY)
    server.clock(advance_seconds=3600)  # trade 51 is shipped and leaves the window
    tmall.now = REFERENCE + timedelta(hours=1)
    second = tmall.tids("taobao.trades.sold.increment.get", page_size=2, page_no=2, **YESTERDAY)
    assert first + second == [11, 51], "41 has moved to the first page"


def test_backward_reader_misses_a_row_that_moves(tmall: Shop, server: Running) -> None:
    """trades.sold.increment.get: read pages backwards (last page first)."""
    last = tmall.tids("taobao.trades.sold.increment.get", page_size=2, page_no=2, **YESTERDAY)
    server.clock(advance_seconds=3600)
    tmall.now = REFERENCE + timedelta(hours=1)
    first = tmall.tids("taobao.trades.sold.increment.get", page_size=2, page_no=1, **YESTERDAY)
    assert set(last + first) == {11, 41}, "51 comes back in the window of its new change"


def test_store_trade_comes_without_being_named(tmall: Shop) -> None:
    """Trap: `type` default; other order types are silently missing until named."""
    assert 31 not in tmall.tids("taobao.trades.sold.increment.get", **YESTERDAY)
    named = "guarantee_trade,auto_delivery,ec,cod,step,o2o_offlinetrade"
    assert 31 in tmall.tids("taobao.trades.sold.increment.get", type=named, **YESTERDAY)
    assert tmall.tids("taobao.trades.sold.increment.get", type="o2o_offlinetrade", **YESTERDAY) == [31]


def test_lines_do_not_add_up(tmall: Shop) -> None:
    """orders[]: divide_order_fee (share really paid), part_mjz_discount; num 0 with more than one line."""
    trade = tmall.call(
        "taobao.trade.fullinfo.get",
        tid="3100000000000000011",
        fields="num,status,payment,post_fee,orders,promotion_details",
    )["trade"]
    lines = trade["orders"]["order"]
    assert (trade["num"], trade["status"], trade["payment"]) == (0, "SELLER_CONSIGNED_PART", "131.00")
    assert [line["divide_order_fee"] for line in lines] == ["96.00", "29.00"], "and 6.00 of postage"
    assert [line["payment"] for line in lines] == ["98.00", "30.00"]
    assert [line["part_mjz_discount"] for line in lines] == ["2.00", "1.00"]
    assert [line["status"] for line in lines] == ["WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_SEND_GOODS"]
    assert trade["promotion_details"]["promotion_detail"][0]["discount_fee"] == "3.00"


def test_refunded_trade_stays_open(tmall: Shop) -> None:
    """status: TRADE_CLOSED (after pay); masked receivers."""
    trade = tmall.call(
        "taobao.trade.fullinfo.get",
        tid="3100000000000000041",
        fields="status,end_time,received_payment,receiver_name,receiver_mobile,orders",
    )["trade"]
    assert (trade["status"], trade["end_time"], trade["received_payment"]) == (
        "TRADE_CLOSED",
        "2026-11-04 12:00:00",
        "0.00",
    )
    assert trade["orders"]["order"][0]["refund_status"] == "SUCCESS"
    assert trade["orders"]["order"][0]["refund_id"] == "900000000000001"
    assert (trade["receiver_name"], trade["receiver_mobile"]) == ("**", "1******0001")


def test_another_app_sees_the_same_buyer_id(tmall: Shop, server: Running) -> None:
    """buyer_open_uid (open_uid) = stable id per app."""
    second = Shop(server, server.app("taobao", "second"), tmall.client)
    asked = {"fields": "buyer_open_uid", "status": "TRADE_FINISHED"}
    of_main, of_second, again = (
        caller.call("taobao.trades.sold.get", **asked)["trades"]["trade"][0]["buyer_open_uid"]
        for caller in (tmall, second, second)
    )
    assert of_main == "AAHx_sample"
    assert of_second == again != of_main
    found = second.call("taobao.crm.members.get", current_page=1, open_uid=of_second)
    assert [member["buyer_nick"] for member in found["members"]["basic_member"]] == ["m**e"]


def test_unknown_trade_is_found(tmall: Shop) -> None:
    """Errors: 15 + isv.* business error."""
    assert tmall.refusal("taobao.trade.fullinfo.get", fields="tid", tid=1)[0] == 15
    assert tmall.refusal("taobao.trade.fullinfo.get", fields="tid", tid="x")[0] == 41


# Refunds, reviews, members


def test_refund_reads_differently(tmall: Shop) -> None:
    """Refunds: total_fee, refund_fee, payment (= total − refund; yuan strings), status, refund_phase."""
    found = tmall.call(
        "taobao.refunds.receive.get",
        fields="refund_id,tid,oid,total_fee,refund_fee,payment,status,created,modified,refund_phase,has_good_return",
        start_modified="2026-06-01 00:00:00",
        end_modified="2026-07-01 00:00:00",
    )
    assert found["total_results"] == 1
    assert found["refunds"]["refund"] == [
        {
            "refund_id": "900000000000002",
            "tid": 3100000000000000061,
            "oid": 3100000000000000062,
            "total_fee": "10.00",
            "refund_fee": "4.00",
            "payment": "6.00",
            "status": "SUCCESS",
            "created": "2026-06-20 10:00:00",
            "modified": "2026-06-25 10:00:00",
            "refund_phase": "aftersale",
            "has_good_return": True,
        }
    ]


def test_refund_of_a_store_trade_comes_without_being_named(tmall: Shop) -> None:
    """Refunds: type (default only guarantee_trade, auto_delivery → name the others)."""
    assert (
        tmall.call("taobao.refunds.receive.get", fields="refund_id", status="WAIT_SELLER_AGREE")[
            "total_results"
        ]
        == 0
    )
    named = tmall.call(
        "taobao.refunds.receive.get", fields="refund_id", type="guarantee_trade,o2o_offlinetrade"
    )
    assert [row["refund_id"][-1] for row in named["refunds"]["refund"]] == ["3", "1", "2"], (
        "newest change first"
    )


def test_review_older_than_180_days_is_listed(tmall: Shop) -> None:
    """Reviews: only last 180 days; tid, role, result, content, reply, ouid."""
    fields = "tid,role,result,created,content,reply,item_price,ouid,nick"
    found = tmall.call("taobao.traderates.get", fields=fields, rate_type="get", role="buyer")
    assert found["total_results"] == 2
    assert found["trade_rates"]["trade_rate"][0] == {
        "tid": 3100000000000000001,
        "role": "buyer",
        "result": "good",
        "created": "2026-10-10 10:00:00",
        "content": "很好",
        "reply": "谢谢您的评价",
        "item_price": "99.00",
        "ouid": "AAHx_sample",
        "nick": "m**e",
    }
    assert tmall.refusal("taobao.traderates.get", fields="tid", role="buyer")[0] == 40


def test_later_addition_leaves_the_review_as_it_was(tmall: Shop, server: Running) -> None:
    """Reviews: later additions come as changes of old rows."""
    server.clock(advance_seconds=20 * 86400)
    tmall.now = REFERENCE + timedelta(days=20)
    found = tmall.call(
        "taobao.traderates.get", fields="content", rate_type="get", role="buyer", result="good"
    )
    assert found["trade_rates"]["trade_rate"][0]["content"] == "很好（追评）"


def test_member_counts_differ(tmall: Shop) -> None:
    """CRM members: grade 0 = not a member; total count is `total_result` (singular); relation_source 1/2."""
    found = tmall.call("taobao.crm.members.get", current_page=1)
    first, second, third = found["members"]["basic_member"]
    assert found["total_result"] == 3
    assert (
        first["ouid"],
        first["grade"],
        first["trade_count"],
        first["trade_amount"],
        first["item_num"],
    ) == (
        "AAHx_sample",
        2,
        1,
        "188.00",
        2,
    )
    assert (second["grade"], second["close_trade_count"], second["relation_source"]) == (0, 1, 1)
    assert (third["close_trade_amount"], third["trade_count"]) == ("99.00", 0)
    assert tmall.call("taobao.crm.members.get", current_page=9)["members"]["basic_member"] == []
    assert tmall.refusal("taobao.crm.members.get")[0] == 40, "current_page (R)"


def test_member_who_changed_is_missing(tmall: Shop) -> None:
    """crm.members.increment.get: every change of state comes back."""
    found = tmall.call(
        "taobao.crm.members.increment.get",
        current_page=1,
        start_modify="2026-11-04 12:00:00",
        end_modify="2026-11-04 12:30:00",
    )
    assert [member["ouid"] for member in found["members"]["basic_member"]] == ["AAHx_third"]
    assert (
        tmall.refusal(
            "taobao.crm.members.increment.get",
            current_page=1,
            start_modify="2026-11-04 00:00:00",
            page_size=1,
        )[0]
        == 41
    )


# Lies and drift


def test_f17_paging_tells_the_truth(tmall: Shop, server: Running) -> None:
    """F17: total changes, empty middle page, has_next for ever, last page doubled."""

    def page(number: int, **more: Any) -> dict[str, Any]:
        return tmall.call("taobao.trades.sold.get", fields="tid", page_size=2, page_no=number, **more)

    server.fault("total_changes", channel="taobao", times=1, options={"by": 3})
    assert [page(1)["total_results"], page(1)["total_results"]] == [8, 5]
    server.admin.delete("/faults")
    server.fault("empty_page", channel="taobao", times=1)
    empty, again = page(2, use_has_next="true"), page(2, use_has_next="true")
    assert (empty["trades"]["trade"], empty["has_next"], len(again["trades"]["trade"])) == ([], True, 2)
    server.admin.delete("/faults")
    server.fault("endless", channel="taobao")
    assert page(50, use_has_next="true")["has_next"] is True
    server.admin.delete("/faults")
    server.fault("last_page_twice", channel="taobao")
    assert page(3, use_has_next="true")["has_next"] is True
    assert page(3)["trades"] == page(4)["trades"]


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("field_added", {"field": "new_field", "to": 1}, {"new_field": 1}),
        ("field_removed", {"field": "payment"}, {"payment": None}),
        ("field_renamed", {"field": "payment", "to": "pay"}, {"pay": "188.00"}),
        ("type_changed", {"field": "tid"}, {"tid": "3100000000000000001"}),
        ("fen_for_yuan", {"field": "payment"}, {"payment": "18800"}),
        ("new_value", {"field": "status", "to": "TRADE_ODD"}, {"status": "TRADE_ODD"}),
        (
            "fen_for_yuan",
            {"field": "payment", "where": "orders"},
            {"orders": {"order": [{"payment": "19800"}]}},
        ),
    ],
)
def test_f18_schema_stays_as_it_was(
    tmall: Shop, server: Running, kind: str, options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """F18: a field added, removed, renamed, of another type, in fen, with a new value."""
    server.fault(kind, channel="taobao", options=options)
    asked = {"fields": "tid,status,payment,orders.payment", "status": "TRADE_FINISHED"}
    (trade,) = tmall.call("taobao.trades.sold.get", **asked)["trades"]["trade"]
    assert {name: trade.get(name) for name in expected} == expected
