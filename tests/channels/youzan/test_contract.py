"""Youzan against examples composed from its contract; each test names the line it stands for."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from siyu.channels.api.judging import Reaction, StreamStoppedError
from siyu.channels.youzan.gateway import judge
from siyu.errors import UsageError
from siyu.landing.personal import open_private_key, unseal
from siyu.settings import Home
from siyu.state.tokens import ConsentNeededError
from tests.channels.api.platform import Answer, Asked, running
from tests.channels.sandboxed import landed
from tests.channels.youzan.shop import (
    CLIENT,
    DAY,
    KDT_ID,
    NOW,
    ORDERS,
    SAMPLE,
    SECRET,
    TOKEN,
    Shop,
    account,
    business_error,
    extract,
    fine,
    gateway_error,
    order,
)

at = datetime.fromisoformat  # as it lies in raw: UTC without a zone
SILENT = {"client_id": CLIENT, "client_secret": SECRET, "authorize_type": "silent", "grant_id": KDT_ID}


def test_a_call_is_json_with_its_token_in_the_query_alone(home: Home) -> None:
    """Calling: name and version are parts of the path; token only in the query; Orders: times in pairs."""
    with running(Shop([order(1)])) as platform:
        extract(home, platform.url)
    asked = platform.asked[-1]
    assert (asked.method, asked.path, asked.query) == ("POST", ORDERS, {"access_token": "token-1"})
    assert asked.headers["Content-Type"] == "application/json"
    assert "token-1" not in str(asked.headers) + str(asked.body)
    assert asked.body == {
        "start_update": "2024-06-08 00:00:00",
        "end_update": "2024-06-08 23:59:59",
        "page_no": 1,
        "page_size": 100,
    }


def test_f14_a_self_use_app_asks_for_its_token_silently_and_for_a_new_one_when_it_is_refused(
    home: Home,
) -> None:
    """Auth: silent with grant_id = kdt_id, refresh false; refresh:true mints a new one; 4203: refresh once."""
    shop = Shop([order(1)])
    refusals = [gateway_error(4203)]
    shop.answers[ORDERS] = lambda _: refusals.pop() if refusals else None
    with running(shop) as platform:
        extract(home, platform.url)
    tokens = [one.body for one in platform.asked if one.path == TOKEN]
    assert tokens == [SILENT | {"refresh": False}, SILENT | {"refresh": True}]
    assert len(landed(home, "youzan__orders", "order_id")) == 1


def test_a_token_lives_until_the_moment_that_the_platform_names(home: Home) -> None:
    """Auth: expires is a millisecond timestamp of expiry; 7 days; cache per kdt_id."""
    with running(Shop([order(1)])) as platform:
        for days in (0, 6, 8):
            extract(home, platform.url, clock=lambda days=days: NOW + timedelta(days=days))
    assert platform.count(TOKEN) == 2


def test_a_tool_app_refreshes_with_the_newest_refresh_token(home: Home) -> None:
    """Auth: tool refresh; new pair; store atomically."""
    given = {"refresh_token": "refresh-0"}
    with running(Shop([order(1)])) as platform:
        for days in (0, 8, 16):
            moment = NOW + timedelta(days=days)
            tool = account(platform.url, **given)
            extract(home, platform.url, account=tool, clock=lambda moment=moment: moment)
    asked = [one.body for one in platform.asked if one.path == TOKEN]
    assert {one["authorize_type"] for one in asked} == {"refresh_token"}
    assert [one["refresh_token"] for one in asked] == ["refresh-0", "refresh-1", "refresh-2"]


def test_a_code_is_changed_into_the_first_pair(home: Home) -> None:
    """Auth: authorization_code with the code pushed to the callback."""
    with running(Shop([order(1)])) as platform:
        extract(home, platform.url, account=account(platform.url, code="code-1"))
    assert platform.asked[0].body == {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "authorize_type": "authorization_code",
        "code": "code-1",
    }


def test_a_new_consent_is_taken_where_the_stored_refresh_token_is_refused(home: Home) -> None:
    """Auth, token errors: 1004 authorisation expired; the code is pushed again after a person's consent."""
    shop = Shop([order(1)])
    with running(shop) as platform:
        extract(home, platform.url, account=account(platform.url, code="code-1"))
        shop.answers[TOKEN] = lambda asked: (
            Answer(document={"success": False, "code": 1004, "message": "not told"})
            if "refresh_token" in asked.body
            else None
        )
        again = account(platform.url, code="code-2")
        extract(home, platform.url, account=again, clock=lambda: NOW + timedelta(days=8))
    asked = [one.body for one in platform.asked if one.path == TOKEN]
    assert [one.get("refresh_token") or one["code"] for one in asked] == ["code-1", "refresh-1", "code-2"]


def test_an_authorisation_that_has_expired_needs_a_person(home: Home) -> None:
    """Auth, token errors: 1004."""
    refusal = Answer(document={"success": False, "code": 1004, "message": "not told"})
    with (
        running(Shop(answers={TOKEN: lambda _: refusal})) as platform,
        pytest.raises(ConsentNeededError, match=r"1004 .*authorise the app again"),
    ):
        extract(home, platform.url)


@pytest.mark.parametrize(
    ("code", "reaction", "told"),
    [
        (4001, Reaction.STOP_STREAM, "no such path"),
        (4004, Reaction.STOP_STREAM, "no JSON"),
        (4005, Reaction.STOP_STREAM, "no such API"),
        (4101, Reaction.BACK_OFF, "limit of calls"),
        (500100004, Reaction.BACK_OFF, "limit of calls"),
        (123000042, Reaction.BACK_OFF, "limit of calls"),
        (141500203, Reaction.BACK_OFF, "limit of calls"),
        (4201, Reaction.REFRESH, "token missing"),
        (4202, Reaction.REFRESH, "token expired"),
        (4203, Reaction.REFRESH, "token unknown"),
        (4204, Reaction.STOP_STREAM, "capability package.*subscribe"),
        (5001, Reaction.STOP_STREAM, "wrong type of a parameter"),
        (5000, Reaction.BACK_OFF, "failed"),
        (106000001, Reaction.BACK_OFF, "time-out"),
        (106100118, Reaction.BACK_OFF, "time-out"),
        (1000, Reaction.FAIL, "client_secret"),
        (1005, Reaction.CONSENT, "code is wrong"),
        (1103, Reaction.FAIL, "kdt_id"),
        (1105, Reaction.FAIL, "wrong type of app"),
        (142710032, Reaction.STOP_STREAM, "10,000 rows"),
        (102570020, Reaction.STOP_STREAM, "the contract does not know"),
    ],
)
def test_a_refusal_is_taken_for_another_one(code: int, reaction: Reaction, told: str) -> None:
    """Calling, err_code table (YS-err) and token errors; one code in each of the three shapes."""
    legacy = {"error_response": {"code": code, "msg": "not told"}}
    for document in (gateway_error(code).document, business_error(code).document, legacy):
        trouble = judge(document)
        assert trouble is not None
        assert (trouble.reaction, trouble.code) == (reaction, str(code))
        assert re.search(told, f"{trouble.meaning} {trouble.do}")


def test_a_limit_of_calls_is_waited_for_three_seconds_at_least() -> None:
    """Calling: rate limited: sleep 3, 6, 12, …"""
    trouble = judge(gateway_error(4101).document)
    assert trouble is not None
    assert trouble.seconds == 3


def test_an_address_that_is_not_allowed_is_told_by_its_text() -> None:
    """Calling: IP whitelist, blocked → 4007 with text 源IP地址…; the same code is also method or content type."""
    blocked = judge(gateway_error(4007, "源IP地址不在白名单").document)
    wrong = judge(gateway_error(4007, "请求方法错误").document)
    assert blocked is not None
    assert wrong is not None
    assert blocked.reaction is Reaction.FAIL
    assert "this machine's address" in blocked.do
    assert wrong.reaction is Reaction.STOP_STREAM


def test_a_failure_with_empty_lists_is_not_taken_for_no_rows(home: Home) -> None:
    """Calling, business error: data may hold empty lists → never read as "no rows"."""
    empty = business_error(102570020, {"total_results": 0, "full_order_info_list": []})
    with (
        running(Shop(answers={ORDERS: lambda _: empty})) as platform,
        pytest.raises(StreamStoppedError, match="102570020"),
    ):
        extract(home, platform.url)


def test_the_sample_lands_with_yuan_china_time_and_its_line(home: Home) -> None:
    """Orders, sample."""
    with running(Shop(SAMPLE["data"]["full_order_info_list"])) as platform:
        extract(home, platform.url)
    columns = "order_id, order_status, goods_amount, freight_amount, paid_amount, ordered_at, updated_at"
    assert landed(home, "youzan__orders", columns) == [
        (
            "E202406010001",
            "TRADE_SUCCESS",
            Decimal("13.00"),
            Decimal("2.00"),
            Decimal("9.82"),
            at("2024-06-01 02:00:00"),
            at("2024-06-08 02:00:00"),
        )
    ]
    columns = "order_id, line_id, sku_code, quantity, unit_price, line_amount"
    assert landed(home, "youzan__order_lines", columns) == [
        ("E202406010001", "901", "FC-50", 1, Decimal("13.000000"), Decimal("9.82"))
    ]


def test_yuan_and_fen_of_one_reply_land_as_the_same_unit(home: Home) -> None:
    """Orders, pay_info: yuan strings; deduction_pay, deduction_real_pay: fen Long."""
    paid = {"real_payment": "8.82", "deduction_pay": 100, "deduction_real_pay": 99}
    with running(Shop([order(1, pay_info=paid)])) as platform:
        extract(home, platform.url)
    columns = "paid_amount, real_paid_amount, deduction_amount, real_deduction_amount"
    assert landed(home, "youzan__orders", columns) == [
        (Decimal("9.82"), Decimal("8.82"), Decimal("1.00"), Decimal("0.99"))
    ]


def test_f18_a_payment_in_fen_does_not_pass_for_yuan(home: Home) -> None:
    """Gotchas: never /100 on yuan fields."""
    with running(Shop([order(1, pay_info={"payment": 982})])) as platform:
        record = extract(home, platform.url)
    assert record.resources["orders"].counts.quarantine_reasons == {"not_yuan": 1}


def test_who_bought_is_a_token_and_what_people_are_called_or_write_is_nowhere(home: Home) -> None:
    """Orders: buyer_info, address_info, remark_info, order_extra."""
    written = order(
        1,
        buyer_info={
            "buyer_phone": "13800000001",
            "fans_nickname": "canary-nick",
            "fans_id": 7,
            "fans_type": 1,
        },
        address_info={
            "receiver_name": "canary-name",
            "receiver_tel": "13800000002",
            "delivery_province": "浙江省",
            "delivery_address": "canary-street 1",
            "address_extra": '{"lon": "canary"}',
        },
        remark_info={"buyer_message": "canary-message", "trade_memo": "canary-memo", "star": 1},
    )
    written["full_order_info"]["order_info"]["order_extra"] = {"buyer_name": "canary-buyer", "daogou": "g1"}
    with running(Shop([written])) as platform:
        record = extract(home, platform.url)
    assert record.vault is not None
    assert record.extraction is not None
    sealed = list(unseal(home.root / record.vault.file, open_private_key(home)))
    assert {one["value"] for one in sealed} == {"AbC1", "oA1", "13800000001", "13800000002"}
    assert "canary" not in str(landed(home, "youzan__orders", "*"))
    assert [one.field for one in record.extraction.drift if one.what == "added"] == []
    tokens = "customer_token, openid_token, buyer_phone_token, receiver_phone_token"
    assert len({token for row in landed(home, "youzan__orders", tokens) for token in row}) == 4


def test_pages_are_read_from_the_last_to_the_first(home: Home) -> None:
    """Gotchas: rows move between pages while paging by update time."""
    with running(Shop([order(number) for number in range(250)])) as platform:
        extract(home, platform.url)
    assert [one.body["page_no"] for one in platform.asked if one.path == ORDERS] == [1, 3, 2, 1]
    assert len(landed(home, "youzan__orders", "order_id")) == 250


REFUNDS = "/api/youzan.trade.refund.search/3.0.1"


def test_refunds_are_asked_for_in_seconds_and_in_halves_where_there_are_too_many(home: Home) -> None:
    """Refunds: unix seconds; page_no×page_size ≤ 3000."""
    first = int(DAY.start.timestamp())
    moments = [first + 20 * number for number in range(3_200)]

    def answer(asked: Asked) -> Answer:
        start, end = asked.body["update_time_start"], asked.body["update_time_end"]
        size, page = asked.body["page_size"], asked.body["page_no"]
        assert page <= 100
        assert page * size <= 3_000
        found = [
            {
                "refund_id": f"R{moment}",
                "tid": "E1",
                "kdt_id": int(KDT_ID),
                "status": "SUCCESS",
                "return_goods": False,
                "reason": 11,
                "refund_fee": "9.82",
                "created": "2024-06-07 10:00:00",
                "modified": "2024-06-08 10:00:00",
            }
            for moment in moments
            if start <= moment <= end
        ]
        return fine({"total": len(found), "refunds": found[(page - 1) * size : page * size]})

    with running(Shop(answers={REFUNDS: answer})) as platform:
        record = extract(home, platform.url, "refunds")
    assert record.extraction is not None
    assert (record.extraction.is_complete, record.extraction.drift) == (True, ())
    columns = "count(distinct refund_id), sum(refund_amount), min(requested_at)"
    assert landed(home, "youzan__refunds", columns) == [
        (3_200, Decimal("31424.00"), at("2024-06-07 02:00:00"))
    ]


CUSTOMERS = "/api/youzan.scrm.customer.list/1.0.0"


def customers(asked: Asked) -> Answer:
    """Customers: seconds, 50 rows a page."""
    assert asked.body["page_size"] <= 50
    rows = [
        {
            "yz_open_id": f"AbC{number}",
            "name": "canary",
            "show_name": "canary",
            "mobile": f"1380000000{number}",
            "gender": 2,
            "is_member": number == 1,
            "points": 10 * number,
            "trade_count": number,
            "created_at": 1_717_207_200,
            "created_member_at": 1_717_207_300 if number == 1 else 0,
        }
        for number in (1, 2)
    ]
    return fine({"total": 2, "record_list": rows})


def test_all_customers_are_listed_as_of_the_day(home: Home) -> None:
    """Customers: created_at in seconds; no update filter, so the whole list each time."""
    with running(Shop(answers={CUSTOMERS: customers})) as platform:
        record = extract(home, platform.url, "customers")
    assert platform.asked[-1].body["created_at_end"] == int(
        datetime(2024, 6, 8, 15, 59, 59, tzinfo=UTC).timestamp()
    )
    columns = "is_member, points_balance, order_count, registered_at, enrolled_at"
    assert landed(home, "youzan__customers", columns) == [
        (False, 20, 2, at("2024-06-01 02:00:00"), None),
        (True, 10, 1, at("2024-06-01 02:00:00"), at("2024-06-01 02:01:40")),
    ]
    assert record.extraction is not None
    assert (record.extraction.is_complete, record.extraction.drift) == (True, ())


def test_points_are_asked_for_customer_by_customer_within_a_week(home: Home) -> None:
    """Points: account_id, account_type 5; end within 7 days; legacy shape."""
    path = "/api/youzan.crm.customer.points.changelog.search/3.0.0"

    def answer(asked: Asked) -> Answer:
        start, end = at(asked.body["start_date"]), at(asked.body["end_date"])
        assert end - start < timedelta(days=7)
        detail = {"amount": -5, "total": 15, "description": "canary", "created_time": 1_717_808_400}
        details = [detail | {"expired_at": 0}] if asked.body["account_id"] == "AbC2" else []
        return Answer(document={"response": {"total_points": 15, "details": details}})

    with running(Shop(answers={CUSTOMERS: customers, path: answer})) as platform:
        extract(home, platform.url, "points_changes")
    asked = [one.body for one in platform.asked if one.path == path]
    # they may be on their way at once
    assert sorted((one["account_id"], one["account_type"]) for one in asked) == [("AbC1", 5), ("AbC2", 5)]
    columns = "length(customer_token), changed_at, points, points_after, expires_at"
    assert landed(home, "youzan__points_changes", columns) == [(32, at("2024-06-08 01:00:00"), -5, 15, None)]


def test_coupons_are_asked_for_by_their_kind_and_unused_ones_have_no_time_of_use(home: Home) -> None:
    """Coupons: coupon_group_id, start_taked/end_taked; used_at "0000-00-00 00:00:00" when unused."""
    groups, logs = (
        "/api/youzan.ump.activity.manage.voucher.search/3.0.1",
        "/api/youzan.ump.coupon.consume.fetchlogs.get/3.0.0",
    )

    def answer(asked: Asked) -> Answer:
        assert asked.body["page_size"] <= 500
        assert (asked.body["start_taked"], asked.body["end_taked"]) == (
            "2024-06-08 00:00:00",
            "2024-06-08 23:59:59",
        )
        taken = {
            "fans_id": asked.body["coupon_group_id"],
            "mobile": "13800000001",
            "taked_at": "2024-06-08 09:00:00",
        }
        unused = {"is_used": 0, "used_in_order_no": "", "used_at": "0000-00-00 00:00:00"}
        used = {"is_used": 1, "used_in_order_no": "E1", "used_at": "2024-06-08 10:00:00"}
        return Answer(
            document={"response": {"fetchlogs": [taken | (used if taken["fans_id"] == 8 else unused)]}}
        )

    listed: list[dict[str, Any]] = [{"id": 7}, {"id": 8}]
    with running(Shop(answers={groups: lambda _: fine({"groups": listed}), logs: answer})) as platform:
        record = extract(home, platform.url, "coupons")
    assert landed(home, "youzan__coupons", "coupon_group_id, is_used, used_at, order_id") == [
        ("7", False, None, None),
        ("8", True, at("2024-06-08 02:00:00"), "E1"),
    ]
    assert record.extraction is not None
    assert record.extraction.drift == ()


def test_salesmen_are_asked_by_number_or_by_fan_for_what_they_sold(home: Home) -> None:
    """Salesmen: accounts.get in the legacy shape; trades.get by mobile or fans_id + fans_type, in seconds; yuan."""
    accounts, trades = "/api/youzan.salesman.accounts.get/3.0.0", "/api/youzan.salesman.trades.get/3.0.1"
    people = [{"mobile": "13800000001", "seller": "s1"}, {"mobile": "", "fans_id": 9, "seller": "s2"}]
    trade = {
        "seller": "s1",
        "order_no": "E1",
        "money": "100.00",
        "cps_money": "5.50",
        "state": 100,
        "phone": "13800000001",
        "created_at": "2024-06-08 09:00:00",
        "settle_state": 2,
        "auto_settle": 1,
        "settled_at": "2024-06-09 09:00:00",
        "items": [
            {"num_iid": 1, "num": 2, "price": "50.00", "i_rate": "5.5", "i_cps_money": "5.50"}
            | {"ii_rate": "0", "ii_cps_money": "0.00"}
        ],
    }

    def sold(asked: Asked) -> Answer:
        assert asked.body["end_time"] - asked.body["start_time"] == 86_399
        found = [trade] if asked.body.get("mobile") else []
        return fine({"total": len(found), "list": found})

    def listed(_: Asked) -> Answer:
        return Answer(document={"response": {"total_results": 2, "accounts": people}})

    with running(Shop(answers={accounts: listed, trades: sold})) as platform:
        extract(home, platform.url, "salesman_orders")
    asked = [one.body for one in platform.asked if one.path == trades]
    assert sorted((one.get("mobile"), one.get("fans_id")) for one in asked if "mobile" in one) == [
        ("13800000001", None)
    ]
    assert [(one["fans_id"], one["fans_type"]) for one in asked if "fans_id" in one] == [(9, 1)]
    assert landed(
        home, "youzan__salesman_orders", "salesman_id, order_id, commission_amount, settled_at"
    ) == [("s1", "E1", Decimal("5.50"), at("2024-06-09 01:00:00"))]
    assert landed(
        home, "youzan__salesman_order_lines", "item_id, quantity, commission_amount, upper_amount"
    ) == [("1", 2, Decimal("5.50"), Decimal("0.00"))]


def test_an_account_without_its_secret_is_told_which_setting_lacks(home: Home) -> None:
    with pytest.raises(UsageError, match=f"account {KDT_ID} has no client_secret"):
        extract(home, "", account=account("", client_secret=""))
