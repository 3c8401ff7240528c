"""Outward payments 对外收款: bills with their refunds, and what moved on the account."""

from datetime import time, timedelta

from siyu.channels.api.declare import Stream, Table, WindowRule, column
from siyu.channels.api.units import EPOCH, FEN, ID, INTEGER
from siyu.channels.wecom.parts import (
    OPTIONAL,
    UNVERIFIED,
    cursor,
    customer,
    phone,
    posting_window,
    staff,
)
from siyu.resources import Kind

_REFUNDS_COME_FOR = (
    59  # days; a refund changes the bill that it belongs to, up to two requests of 30 days back
)

BILLS = Table(
    name="bills",
    kind=Kind.VERSIONS,
    key="transaction_id",
    within=("account_id",),
    happened="paid_at",
    not_negative=("paid_amount", "refunded_amount"),
    columns=(
        column("transaction_id", ID, "transaction_id", "WeChat Pay's number.", required=True),
        column("bill_type", INTEGER, "bill_type", "0 receipt, 1 refund.", presence=UNVERIFIED),
        column("trade_state", INTEGER, "trade_state", "1 done, 3 done with a refund."),
        column("paid_at", EPOCH, "pay_time", "When it was paid.", required=True),
        column("out_trade_no", ID, "out_trade_no", "The merchant's number."),
        column("out_refund_no", ID, "out_refund_no", "Number of a refund.", presence=UNVERIFIED),
        customer("external_userid", "Who paid."),
        column("paid_amount", FEN, "total_fee", "Amount in CNY, before refunds.", required=True),
        column("refunded_amount", FEN, "total_refund_fee", "Of that paid back, in CNY."),
        staff("payee_userid", "Who received it for the brand.", "payee_userid"),
        column("payment_type", INTEGER, "payment_type", "0 chat, 1 QR code, 2 live stream, 3 album."),
        column("merchant_id", ID, "mch_id", "Merchant at WeChat Pay."),
        phone("payer_info.phone", "Number the payer gave.", "payer_phone", presence=OPTIONAL),
    ),
    ignored=("remark", "commodity_list", "payer_info.name", "payer_info.address"),
)

BILL_REFUNDS = Table(
    name="bill_refunds",
    kind=Kind.VERSIONS,
    key="transaction_id",
    within=("account_id",),
    happened="requested_at",
    not_negative=("refund_amount",),
    rows="refund_list",
    columns=(
        column("transaction_id", ID, "^.transaction_id", "Bill it belongs to.", required=True),
        column("out_refund_no", ID, "out_refund_no", "Refund.", required=True),
        staff("refund_userid", "Who asked for it.", "refund_userid"),
        column("requested_at", EPOCH, "refund_reqtime", "When it was asked for.", required=True),
        column(
            "refund_status",
            INTEGER,
            "refund_status",
            "0 applied, 1 processing, 2 success, 3 closed, 4 abnormal, 5 approving, 6 rejected, 7 cancelled.",
            required=True,
        ),
        column("refund_amount", FEN, "refund_fee", "Amount in CNY.", required=True),
    ),
    ignored=("refund_comment",),
)

FUND_FLOW = Table(
    name="fund_flow",
    kind=Kind.EVENTS,
    key="request_no",
    within=("account_id",),
    happened="happened_at",
    columns=(
        column("request_no", ID, "request_no", "Movement of the account.", required=True),
        column("happened_at", EPOCH, "timestamp", "When.", required=True),
        column("transaction_type", ID, "transaction_type", "What it was for."),
        column("fund_flow_type", ID, "fund_flow_type", "In or out."),
        column("flow_amount", FEN, "transaction_amount", "Amount in CNY.", required=True),
        column("balance_amount", FEN, "account_balance", "Balance after it, in CNY."),
        column("out_trade_no", ID, "out_trade_no", "The merchant's number.", presence=OPTIONAL),
        column("merchant_id", ID, "mch_id", "Merchant at WeChat Pay."),
        staff("operator_userid", "Who moved it.", "operator_userid", presence=OPTIONAL),
    ),
    ignored=("group_list", "remark"),
)

STREAMS = (
    Stream(
        name="bills",
        request=posting_window("/cgi-bin/externalpay/get_bill_list", "begin_time", "end_time"),
        paging=cursor(1000),
        items="bill_list",
        tables=(BILLS, BILL_REFUNDS),
        window=WindowRule(most=timedelta(days=30), look_back=_REFUNDS_COME_FOR),
    ),
    Stream(
        name="fund_flow",
        request=posting_window("/cgi-bin/externalpay/get_fund_flow", "begin_time", "end_time"),
        paging=cursor(200),
        items="fund_flow_list",
        tables=(FUND_FLOW,),
        window=WindowRule(most=timedelta(days=30), look_back=2),
        ready_at=time(11),  # a day's rows appear on the next (WD-98100)
    ),
)
