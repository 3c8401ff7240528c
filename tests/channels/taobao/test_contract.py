"""Taobao against examples composed from its contract; each test names the line it stands for."""

import hmac
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from siyu.channels.api import Account
from siyu.channels.api.judging import QuotaGoneError, Reaction
from siyu.channels.catalogue import connector
from siyu.channels.taobao.gateway import judge, signature
from siyu.errors import UsageError
from siyu.landing.personal import open_private_key, unseal
from siyu.settings import Home
from siyu.state.tokens import ConsentNeededError
from tests.channels.api.platform import Answer, Asked, running
from tests.channels.sandboxed import landed
from tests.channels.taobao.shop import (
    APP_KEY,
    DAY,
    HALF_HOUR,
    NOW,
    SAMPLE,
    SECRET,
    SESSION,
    Gateway,
    account,
    extract,
    refused,
    reply,
    trade,
)

LATER = NOW + timedelta(hours=1)
REFRESHABLE = {"refresh_token": "refresh-0"}
at = datetime.fromisoformat  # as it lies in raw: UTC without a zone


def test_a_signature_is_the_published_hmac_sha256_of_names_and_values() -> None:
    """Sign steps 2 to 4; RFC 4231 test case 1: key 20 times 0x0b, data "Hi There"."""
    expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert signature({"Hi": " There"}, "\x0b" * 20) == expected.upper()


def test_a_signature_sorts_the_names_of_tops_own_example() -> None:
    """Sign step 1; the text is the one TOP's page on signatures arrives at for its example."""
    params = {
        "method": "taobao.item.seller.get",
        "app_key": "12345678",
        "session": "test",
        "timestamp": "2016-01-01 12:00:00",
        "format": "json",
        "v": "2.0",
        "sign_method": "md5",
        "fields": "num_iid,title,nick,price,num",
        "num_iid": "11223344",
    }
    joined = (
        "app_key12345678fieldsnum_iid,title,nick,price,numformatjsonmethodtaobao.item.seller.getnum_iid11223344"
        "sessiontestsign_methodmd5timestamp2016-01-01 12:00:00v2.0"
    )
    expected = hmac.new(b"helloworld", joined.encode(), "sha256").hexdigest()
    assert signature(params, "helloworld") == expected.upper()


def test_a_signature_is_over_values_as_they_are_not_as_the_form_writes_them() -> None:
    """Sign step 2: values raw, not URL-encoded; UTF-8."""
    assert (
        signature({"a": "杭 州&="}, "k") == hmac.new(b"k", "a杭 州&=".encode(), "sha256").hexdigest().upper()
    )


def test_a_call_is_a_form_with_system_parameters_and_a_signature_over_all_of_them(home: Home) -> None:
    """Gateway: POST, form; system params; GMT+8; Orders: start_modified + end_modified required, fields required."""
    with running(Gateway([trade(1)])) as platform:
        extract(home, platform.url)
    asked = platform.asked[-1]
    assert (asked.method, asked.path, asked.query) == ("POST", "/router/rest", {})
    sent = dict(asked.body)
    sign = sent.pop("sign")
    joined = "".join(name + value for name, value in sorted(sent.items()))
    assert sign == hmac.new(SECRET.encode(), joined.encode(), "sha256").hexdigest().upper()
    fields, types = sent.pop("fields").split(","), sent.pop("type").split(",")
    assert sent == {
        "method": "taobao.trades.sold.increment.get",
        "app_key": APP_KEY,
        "session": SESSION,
        "timestamp": "2026-10-10 10:00:00",
        "format": "json",
        "v": "2.0",
        "sign_method": "hmac-sha256",
        "start_modified": "2026-10-09 09:00:00",
        "end_modified": "2026-10-09 09:29:59",
        "page_no": "1",
        "page_size": "50",
    }
    assert {"tid", "buyer_open_uid", "modified", "orders.divide_order_fee"} <= set(fields)
    assert {"guarantee_trade", "auto_delivery", "ec", "cod", "step", "o2o_offlinetrade"} <= set(types)


@pytest.mark.parametrize("stream", ["orders", "refunds", "reviews"])
def test_nothing_that_a_person_wrote_or_is_called_is_asked_for(home: Home, stream: str) -> None:
    """Orders: receiver_name, phone, address masked; fullinfo: buyer_message; Reviews: content, nick, reply."""
    with running(lambda _: Answer(document={"x_response": {}})) as platform:
        extract(home, platform.url, stream)
    fields = set(platform.asked[0].body["fields"].replace("orders.", "").split(","))
    persons = {"buyer_nick", "nick", "o2o_guide_name", "content", "reply", "desc", "buyer_message"}
    assert fields & persons == set()
    assert not [
        name
        for name in fields
        if name.startswith(("receiver_", "oaid", "aid"))
        and name not in ("receiver_state", "receiver_city", "receiver_district")
    ]


def test_the_sample_lands_with_yuan_china_time_and_its_line(home: Home) -> None:
    """Orders, sample: 19-digit ids as text, yuan strings, China time, divide_order_fee is what was paid."""
    with running(lambda _: Answer(document=SAMPLE)) as platform:
        extract(home, platform.url)
    columns = "order_id, order_status, paid_amount, received_amount, ordered_at, paid_at, ended_at, updated_at, city"
    assert landed(home, "taobao__orders", columns) == [
        (
            "3100000000000000001",
            "TRADE_FINISHED",
            Decimal("188.00"),
            Decimal("188.00"),
            at("2026-10-01 02:00:00"),
            at("2026-10-01 02:01:10"),
            at("2026-10-09 01:00:00"),
            at("2026-10-09 01:00:00"),
            "杭州市",
        )
    ]
    columns = (
        "order_id, line_id, item_id, sku_code, quantity, unit_price, line_amount, paid_amount, "
        "order_discount_amount"
    )
    assert landed(home, "taobao__order_lines", columns) == [
        (
            "3100000000000000001",
            "3100000000000000002",
            "610000000001",
            "SKU-1-M",
            2,
            Decimal("99.000000"),
            Decimal("198.00"),
            Decimal("188.00"),
            Decimal("10.00"),
        )
    ]


def test_a_buyer_is_a_token_and_a_nick_is_nowhere(home: Home) -> None:
    """Orders: buyer_nick masked; buyer_open_uid = stable id per app."""
    with running(lambda _: Answer(document=SAMPLE)) as platform:
        record = extract(home, platform.url)
    ((token,),) = landed(home, "taobao__orders", "customer_token")
    assert len(token) == 32
    assert record.vault is not None
    sealed = list(unseal(home.root / record.vault.file, open_private_key(home)))
    assert [one["value"] for one in sealed] == ["AAHx_sample"]


def test_pages_are_read_from_the_last_to_the_first(home: Home) -> None:
    """Orders: read pages backwards, so that rows which move while you read are not lost."""
    with running(Gateway([trade(number) for number in range(1, 121)])) as platform:
        extract(home, platform.url)
    assert [one.body["page_no"] for one in platform.asked] == ["1", "3", "2", "1"]  # the first for the count
    assert len(landed(home, "taobao__orders", "order_id")) == 120


def test_f17_a_trade_that_changes_meanwhile_takes_no_other_one_with_it(home: Home) -> None:
    """Gotchas: forward paging in increment.get skips rows."""
    gateway = Gateway([trade(number) for number in range(1, 121)])

    def first_one_leaves(asked: Asked) -> None:
        if asked.number == 3:
            del gateway.trades[0]

    gateway.before = first_one_leaves  # type: ignore[assignment]
    with running(gateway) as platform:
        record = extract(home, platform.url)
    assert record.extraction is not None
    assert record.extraction.is_complete
    assert len(landed(home, "taobao__orders", "distinct order_id")) == 119


def test_a_day_is_asked_for_in_half_hours(home: Home) -> None:
    """Orders: span ≤ 1 day (docs advise ≤ 30 min)."""
    with running(Gateway([])) as platform:
        extract(home, platform.url, window=DAY)
    bounds = {(one.body["start_modified"], one.body["end_modified"]) for one in platform.asked}
    assert len(bounds) == 48
    assert ("2026-10-09 00:00:00", "2026-10-09 00:29:59") in bounds
    assert ("2026-10-09 23:30:00", "2026-10-09 23:59:59") in bounds


def test_a_night_reads_the_day_before_again() -> None:
    """Gotchas: use overlap and dedupe on (tid, modified)."""
    window = connector("taobao").stream("orders").window.of_day(date(2026, 10, 9), "Asia/Shanghai")
    assert (window.start, window.end) == (DAY.start - timedelta(days=1), DAY.end)


@pytest.mark.parametrize(
    ("code", "sub_code", "reaction", "told"),
    [
        (7, "accesscontrol.limited-by-api-access-count", Reaction.BACK_OFF, "too many calls"),
        (7, "accesscontrol.limited-by-app-access-count", Reaction.QUOTA, "calls of the day"),
        (10, "", Reaction.BACK_OFF, "service not available"),
        (15, "isp.remote-service-timeout", Reaction.BACK_OFF, "a service behind it failed"),
        (15, "isv.invalid-parameter", Reaction.STOP_STREAM, "refused by the service"),
        (11, "isv.permission-api-package-limit", Reaction.STOP_STREAM, "no permission.*API package"),
        (
            12,
            "isv.permission-ip-whitelist-limit",
            Reaction.STOP_STREAM,
            "no permission.*this machine's address",
        ),
        (13, "isv.permission-api-package-empty", Reaction.STOP_STREAM, "no permission.*API package"),
        (25, "", Reaction.FAIL, "wrong signature.*app_secret"),
        (26, "", Reaction.REFRESH, "session missing"),
        (27, "isv.invalid-session", Reaction.REFRESH, "session invalid"),
        (28, "", Reaction.FAIL, "app key missing"),
        (29, "", Reaction.FAIL, "app key invalid"),
        (30, "", Reaction.FAIL, "time stamp missing"),
        (31, "", Reaction.FAIL, "time stamp invalid.*clock"),
        (40, "", Reaction.STOP_STREAM, "argument missing"),
        (41, "", Reaction.STOP_STREAM, "argument invalid"),
        (43, "", Reaction.STOP_STREAM, "argument error"),
        (9999, "", Reaction.STOP_STREAM, "the contract does not know"),
    ],
)
def test_a_refusal_is_taken_for_another_one(code: int, sub_code: str, reaction: Reaction, told: str) -> None:
    """Errors (HTTP 200); ERR."""
    trouble = judge(refused(code, sub_code).document)
    assert trouble is not None
    assert (trouble.reaction, trouble.code) == (reaction, str(code))
    assert re.search(told, f"{trouble.meaning} {trouble.do}")


def test_f15_a_short_ban_is_waited_for(home: Home) -> None:
    """Errors: 7 frequency: sleep that many seconds."""

    def first_time(asked: Asked) -> Answer | None:
        text = "This ban will last for 1 more seconds"
        return refused(7, "accesscontrol.limited-by-api-access-count", text) if asked.number == 1 else None

    with running(Gateway([trade(1)], before=first_time)) as platform:
        extract(home, platform.url)
    assert platform.asked[1].at - platform.asked[0].at >= 1
    assert len(landed(home, "taobao__orders", "order_id")) == 1


def test_f15_a_days_quota_that_is_gone_stops_until_it_is_back_and_keeps_what_was_read(home: Home) -> None:
    """Errors: 7 daily: stop run, resume next day; the text holds the seconds of the ban."""
    gateway = Gateway([trade(number) for number in range(1, 121)])

    def gone(asked: Asked) -> Answer | None:
        text = "This ban will last for 31062 more seconds"
        return refused(7, "accesscontrol.limited-by-app-access-count", text) if asked.number == 3 else None

    gateway.before = gone
    with running(gateway) as platform:
        with pytest.raises(QuotaGoneError) as caught:
            extract(home, platform.url)
        assert caught.value.until == NOW + timedelta(seconds=31062)
        extract(home, platform.url)
    assert [one.body["page_no"] for one in platform.asked] == ["1", "3", "2", "2", "1"]
    assert len(landed(home, "taobao__orders", "order_id")) == 120


def token_reply(**values: Any) -> Answer:
    """Auth, reply."""
    document = {
        "access_token": "session-1",
        "token_type": "Bearer",
        "expires_in": 31536000,
        "refresh_token": "refresh-1",
        "re_expires_in": 31536000,
        "taobao_user_nick": "%E5%BA%97",
        "taobao_user_id": "2200000001",
    }
    return Answer(document=document | values)


def with_session(session: str, tokens: Answer) -> Any:
    def answer(asked: Asked) -> Answer | None:
        if asked.path == "/token":
            return tokens
        return None if asked.body["session"] == session else refused(27, "isv.invalid-session")

    return answer


def test_f14_an_ended_session_is_refreshed_where_it_can_be(home: Home) -> None:
    """Errors 26, 27: refresh if refreshable."""
    with running(Gateway([trade(1)], before=with_session("session-1", token_reply()))) as platform:
        extract(home, platform.url, account=account(platform.url, **REFRESHABLE))
    (refresh,) = [one for one in platform.asked if one.path == "/token"]
    assert refresh.body == {
        "grant_type": "refresh_token",
        "client_id": APP_KEY,
        "client_secret": SECRET,
        "view": "web",
        **REFRESHABLE,
    }


def test_a_code_is_changed_into_the_first_session(home: Home) -> None:
    """Auth, token: form with grant_type, code, client_id, client_secret, redirect_uri, view."""
    with running(Gateway([trade(1)], before=with_session("session-1", token_reply()))) as platform:
        new = account(platform.url, session="", code="code-1", redirect_uri="https://shop.example/top")
        extract(home, platform.url, account=new)
    assert platform.asked[0].body == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "client_id": APP_KEY,
        "client_secret": SECRET,
        "redirect_uri": "https://shop.example/top",
        "view": "web",
    }


def test_a_session_that_cannot_be_refreshed_needs_a_person_and_then_the_new_one_is_taken(home: Home) -> None:
    """Auth, life: re_expires_in=0 is not refreshable; the person re-authorises."""
    gateway = Gateway([trade(1)], before=with_session("session-9", token_reply()))
    with running(gateway) as platform:
        with pytest.raises(ConsentNeededError, match="none that can be refreshed"):
            extract(home, platform.url)
        extract(home, platform.url, account=account(platform.url, session="session-9"))
    assert len(landed(home, "taobao__orders", "order_id")) == 1


def test_a_new_session_is_taken_where_the_old_one_can_be_refreshed_no_more(home: Home) -> None:
    refusal = Answer(document={"error": "invalid_grant", "error_description": "not told"}, status=400)
    gateway = Gateway([trade(1)])
    with running(gateway) as platform:
        extract(home, platform.url, account=account(platform.url, **REFRESHABLE))
        gateway.before = with_session("session-9", refusal)
        extract(home, platform.url, account=account(platform.url, session="session-9"), clock=lambda: LATER)
    assert platform.asked[-1].body["session"] == "session-9"


def test_a_refused_refresh_needs_a_person(home: Home) -> None:
    refusal = Answer(document={"error": "invalid_grant", "error_description": "not told"}, status=400)
    with (
        running(Gateway([], before=with_session("session-1", refusal))) as platform,
        pytest.raises(ConsentNeededError, match="authorise the app again"),
    ):
        extract(home, platform.url, account=account(platform.url, **REFRESHABLE))


def test_reviews_of_a_festival_are_asked_for_in_halves(home: Home) -> None:
    """Reviews: at most 1500 rows per query window → slice windows until total < 1500."""
    seconds = [at("2026-10-09 20:00:00") + timedelta(seconds=second) for second in range(1, 1601)]

    def answer(asked: Asked) -> Answer:
        start, end = asked.body["start_date"], asked.body["end_date"]
        found = [
            {"tid": 1, "oid": number, "role": "buyer", "result": "good", "created": str(moment)}
            for number, moment in enumerate(seconds)
            if start <= str(moment) <= end
        ]
        size, page = int(asked.body["page_size"]), int(asked.body["page_no"])
        assert size <= 150
        assert page <= 200
        rows = found[:1500][(page - 1) * size : page * size]
        return reply(asked.body["method"], ("trade_rates", "trade_rate"), rows, total=len(found))

    with running(answer) as platform:
        record = extract(home, platform.url, "reviews", window=DAY)
    assert record.extraction is not None
    assert record.extraction.is_complete
    assert len(landed(home, "taobao__reviews", "distinct line_id")) == 1600
    asked = platform.asked[0].body
    assert (asked["rate_type"], asked["role"]) == ("get", "buyer")


def test_members_are_counted_in_the_singular(home: Home) -> None:
    """CRM members: total count is `total_result`; current_page required; nick masked."""
    member = {
        "buyer_nick": "m**e",
        "ouid": "AAHx_sample",
        "grade": 2,
        "grade_name": "高级会员",
        "status": "normal",
        "trade_count": 3,
        "trade_amount": "32.56",
        "item_num": 5,
        "last_trade_time": "2026-10-01 10:00:00",
        "relation_source": 1,
    }

    def answer(asked: Asked) -> Answer:
        page = int(asked.body["current_page"])
        rows = [member | {"ouid": f"AAHx_{page}_{number}"} for number in range(100 if page == 1 else 20)]
        return reply(asked.body["method"], ("members", "basic_member"), rows, total=120)

    with running(answer) as platform:
        record = extract(home, platform.url, "member_changes", window=DAY)
    assert record.extraction is not None
    assert (record.extraction.announced, record.extraction.drift) == (120, ())
    assert len(landed(home, "taobao__members", "distinct customer_token")) == 120
    assert landed(home, "taobao__members", "level, order_count, order_amount, last_ordered_at")[0] == (
        2,
        3,
        Decimal("32.56"),
        at("2026-10-01 02:00:00"),
    )
    asked = platform.asked[0].body
    assert (asked["start_modify"], asked["end_modify"]) == ("2026-10-09 00:00:00", "2026-10-09 23:59:59")


def test_a_refund_lands_with_its_line_and_status(home: Home) -> None:
    """Refunds: refund_id (String), payment = total − refund, money counts at SUCCESS; types are named."""
    refund = {
        "refund_id": "900000001",
        "tid": 3100000000000000001,
        "oid": 3100000000000000002,
        "total_fee": "188.00",
        "refund_fee": "88.00",
        "payment": "100.00",
        "status": "SUCCESS",
        "has_good_return": True,
        "reason": "尺码不合适",
        "created": "2026-10-08 10:00:00",
        "modified": "2026-10-09 09:10:00",
        "buyer_open_uid": "AAHx_sample",
        "num": 1,
    }
    with running(
        lambda asked: reply(asked.body["method"], ("refunds", "refund"), [refund], total=1)
    ) as platform:
        extract(home, platform.url, "refunds", window=DAY)
    columns = "refund_id, order_id, line_id, refund_status, refund_amount, kept_amount, is_goods_returned, updated_at"
    assert landed(home, "taobao__refunds", columns) == [
        (
            "900000001",
            "3100000000000000001",
            "3100000000000000002",
            "SUCCESS",
            Decimal("88.00"),
            Decimal("100.00"),
            True,
            at("2026-10-09 01:10:00"),
        )
    ]
    assert "o2o_offlinetrade" in platform.asked[0].body["type"]


def test_f18_a_payment_in_fen_does_not_pass_for_yuan(home: Home) -> None:
    with running(Gateway([trade(1, payment=18800)])) as platform:
        record = extract(home, platform.url)
    assert record.resources["orders"].counts.quarantine_reasons == {"not_yuan": 1}


def test_the_token_endpoint_is_another_host_than_the_gateway() -> None:
    """Auth, token: POST https://oauth.taobao.com/token; Gateway: https://eco.taobao.com/router/rest."""
    api = connector("taobao").api
    assert api.base_url == "https://eco.taobao.com"
    assert api.fetch_token is not None
    real = Account(
        name="1",
        brand_code="default",
        channel_code="tmall_shop",
        settings={
            "app_key": APP_KEY,
            "app_secret": SECRET,
            "code": "code-1",
            "redirect_uri": "https://x.example",
        },
    )
    asked = []

    def ask(request: Any) -> Any:
        asked.append(request.path)
        return token_reply()

    token = api.fetch_token(real, None, ask, NOW)
    assert asked == ["https://oauth.taobao.com/token"]
    assert (token.access, token.expires_at) == ("session-1", datetime(2027, 10, 10, 2, 0, tzinfo=UTC))


def test_an_account_without_its_secret_is_told_which_setting_lacks(home: Home) -> None:
    with pytest.raises(UsageError, match="account 2200000001 has no app_secret"):
        extract(home, "", account=account("", app_secret=""), window=HALF_HOUR)
