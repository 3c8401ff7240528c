"""Payments, links and transfers from examples composed of the contract; each test names its line."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from siyu.channels.wecom import CONNECTOR
from siyu.resources import Personal
from siyu.settings import Home
from tests.channels.api.platform import running
from tests.channels.wecom.corp import (
    CGI,
    CONTACT,
    Corp,
    account,
    extract,
    landed,
    paged,
    token_of,
    utc,
)

BILLS = f"{CGI}/externalpay/get_bill_list"
BILL: dict[str, Any] = {
    "transaction_id": "4200000001",
    "trade_state": 3,
    "pay_time": 1719800000,
    "out_trade_no": "T1",
    "external_userid": "wmAAA1",
    "total_fee": 12990,
    "payee_userid": "guide01",
    "payment_type": 0,
    "mch_id": "1900000109",
    "remark": "for Lin",
    "commodity_list": [{"description": "shoes", "amount": 1}],
    "total_refund_fee": 2990,
    "refund_list": [
        {
            "out_refund_no": "R1",
            "refund_userid": "guide01",
            "refund_comment": "Lin is unhappy",
            "refund_reqtime": 1719810000,
            "refund_status": 2,
            "refund_fee": 2990,
        }
    ],
    "payer_info": {"name": "Lin", "phone": "13800000001", "address": "Nanjing Road 1"},
}


def test_a_bill_in_fen_lands_in_yuan_with_its_refund_and_the_payers_number(home: Home) -> None:
    """Payment: total_fee fen, refund_list[], payer_info; begin_time, end_time, limit ≤1000 (WD-93727)."""
    with running(Corp({BILLS: {"bill_list": [BILL]}})) as platform:
        extract(home, platform.url, "bills")
    assert platform.asked[-1].body == {
        "begin_time": 1719763200,
        "end_time": 1719849599,
        "limit": 1000,
        "cursor": "",
    }
    columns = (
        "transaction_id, paid_amount, refunded_amount, paid_at, payer_phone_token, trade_state, bill_type"
    )
    phone = token_of(home, "phone", "13800000001")
    assert landed(home, "bills", columns) == [
        ("4200000001", Decimal("129.90"), Decimal("29.90"), utc(2024, 7, 1, 2, 13, 20), phone, 3, None)
    ]
    assert landed(home, "bill_refunds", "transaction_id, out_refund_no, refund_amount, refund_status") == [
        ("4200000001", "R1", Decimal("29.90"), 2)
    ]


def test_an_empty_page_of_bills_is_not_the_last_one(home: Home) -> None:
    """Payment: end = next_cursor absent; a page may be short or empty without being last (WD-93727)."""
    pages = {
        "": {"bill_list": [BILL], "next_cursor": "a"},
        "a": {"bill_list": [], "next_cursor": "b"},
        "b": {"bill_list": [BILL | {"transaction_id": "4200000002"}]},
    }
    with running(Corp({BILLS: lambda asked: pages[asked.body["cursor"]]})) as platform:
        record = extract(home, platform.url, "bills")
    assert record.resources["bills"].counts.landed == 2


def test_a_field_that_nobody_had_seen_is_reported_when_it_comes(home: Home) -> None:
    """Payment: bill_type 0 receipt/1 refund — values UNVERIFIED."""
    with running(Corp({BILLS: {"bill_list": [BILL | {"bill_type": 0}]}})) as platform:
        record = extract(home, platform.url, "bills")
    assert record.extraction is not None
    assert [(one.field, one.what) for one in record.extraction.drift] == [("bill_type", "appeared")]
    assert landed(home, "bills", "bill_type") == [(0,)]


def test_a_movement_of_the_account_lands_in_yuan(home: Home) -> None:
    """Payment: get_fund_flow, limit max 200 (WD-98100)."""
    flow = {
        "timestamp": 1719800000,
        "request_no": "F1",
        "transaction_type": 1,
        "fund_flow_type": 1,
        "transaction_amount": 12990,
        "account_balance": 112990,
        "out_trade_no": "T1",
        "mch_id": "1900000109",
        "operator_userid": "guide01",
        "group_list": [],
        "remark": "for Lin",
    }
    with running(Corp({f"{CGI}/externalpay/get_fund_flow": {"fund_flow_list": [flow]}})) as platform:
        extract(home, platform.url, "fund_flow")
    assert platform.asked[-1].body["limit"] == 200
    assert landed(home, "fund_flow", "request_no, flow_amount, balance_amount, transaction_type") == [
        ("F1", Decimal("129.90"), Decimal("1129.90"), "1")
    ]


def test_a_link_lands_with_its_staff_and_its_customers(home: Home) -> None:
    """Customer acquisition: list_link → get; customer by POST with limit ≤1000, state (WD-97298)."""
    path = f"{CONTACT}/customer_acquisition"
    link = {
        "link_id": "cawL1",
        "link_name": "Poster",
        "url": "https://work.weixin.qq.com/ca/x",
        "create_time": 1718000000,
    }
    customer = {"external_userid": "wmAAA1", "userid": "guide01", "chat_status": 1, "state": "feed7"}
    users = {"user_list": ["guide01", "guide02"], "department_list": [3]}
    replies = {
        f"{path}/list_link": paged(["cawL1"], "link_id_list"),
        f"{path}/get": {"link": link, "range": users, "skip_verify": True},
        f"{path}/customer": paged([customer], "customer_list"),
    }
    with running(Corp(replies)) as platform:
        extract(home, platform.url, "acquisition_links")
        extract(home, platform.url, "acquisition_customers")
    assert landed(home, "acquisition_links", "link_id, link_name, is_verification_skipped") == [
        ("cawL1", "Poster", True)
    ]
    assert landed(home, "acquisition_link_staff", "userid") == [("guide01",), ("guide02",)]
    person = token_of(home, "external_userid", "wmAAA1")
    assert landed(
        home, "acquisition_customers", "link_id, userid, external_userid_token, chat_status, state"
    ) == [("cawL1", "guide01", person, 1, "feed7")]


def test_transfers_are_asked_for_the_pairs_of_the_file(home: Home, tmp_path: Path) -> None:
    """Transfer: transfer_result {handover_userid, takeover_userid, cursor}; status, takeover_time; unassigned list."""
    file = tmp_path / "transfers.csv"
    file.write_text("handover_userid,takeover_userid\nguide01,guide02\n")
    moved = {"external_userid": "wmAAA1", "status": 2, "takeover_time": 1719886400}
    left = {"handover_userid": "guide09", "external_userid": "wmAAA1", "dimission_time": 1719700000}
    replies = {
        f"{CONTACT}/transfer_result": {"customer": [moved], "next_cursor": ""},
        f"{CONTACT}/resigned/transfer_result": {"customer": [], "next_cursor": ""},
        f"{CONTACT}/get_unassigned_list": {"info": [left], "is_last": True, "next_cursor": ""},
    }
    with running(Corp(replies)) as platform:
        for stream in ("transfers", "resigned_transfers", "unassigned_contacts"):
            extract(home, platform.url, stream, account=account(platform.url, transfers_file=file))
    person = token_of(home, "external_userid", "wmAAA1")
    assert landed(
        home, "transfers", "handover_userid, takeover_userid, external_userid_token, transfer_status"
    ) == [("guide01", "guide02", person, 2)]
    assert landed(home, "resigned_transfers", "*") == []
    assert landed(home, "unassigned_contacts", "handover_userid, external_userid_token") == [
        ("guide09", person)
    ]


def test_whatever_names_a_customer_is_an_identifier() -> None:
    for resource in CONNECTOR.resources.values():
        for one in resource.fields:
            names_a_customer = one.identifier_kind in ("external_userid", "unionid", "phone", "email")
            assert (one.personal is Personal.IDENTIFIER) == names_a_customer, (resource.name, one.name)
