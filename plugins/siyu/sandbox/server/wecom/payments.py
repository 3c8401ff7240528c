"""Outward payments 对外收款 (wecom_marketing.md, "Payment"; WD-93727, WD-98100, ZW). All amounts in fen."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from siyu.sandbox.server.clock import CHINA
from siyu.sandbox.server.wecom.asked import Asked
from siyu.sandbox.server.wecom.errors import Refusal
from siyu.sandbox.server.world import Row

MERCHANT = "1600000001"
FLOW_EPOCH = datetime(2022, 12, 1, tzinfo=UTC)
FLOW_READY_HOUR = 11  # of the next day in China
KINDS = {"receipt": 1, "refund": 2, "withdrawal": 3}  # the platform's own numbers are UNVERIFIED

BILLS = """
    select
        bills.*,
        epoch(bills.paid_at)::bigint as pay_time,
        staff.wecom_userid as payee,
        accounts.wecom_external_userid as external_userid,
        $range is null or staff.staff_id in (select staff_id from wecom_visible_staff($range)) as is_visible
    from bills
    inner join staff on bills.payee_staff_id = staff.staff_id
    left join accounts on bills.account_id = accounts.account_id
    where
        bills.bill_id > $after
        and bills.paid_at <= $t
        and bills.paid_at between $begins and $ends
        and ($payee = '' or staff.wecom_userid = $payee)
    order by bills.bill_id
    limit $count
"""

REFUNDS = """
    select
        bill_refunds.*,
        epoch(bill_refunds.requested_at)::bigint as refund_reqtime,
        coalesce(bill_refunds.succeeded_at <= $t, false) as is_done,
        staff.wecom_userid as userid
    from bill_refunds
    left join staff on bill_refunds.staff_id = staff.staff_id
    where list_contains($bill_ids::bigint[], bill_refunds.bill_id) and bill_refunds.requested_at <= $t
    order by bill_refunds.bill_refund_id
"""

GOODS = """
    select order_lines.order_id, products.name as description, order_lines.quantity as amount
    from order_lines
    inner join skus on order_lines.sku_id = skus.sku_id
    inner join products on skus.product_id = products.product_id
    where list_contains($order_ids::bigint[], order_lines.order_id)
    order by order_lines.order_id, order_lines.line_no
"""


def _admit(asked: Asked) -> None:
    """The app must be among those that may call 对外收款."""
    if asked.app.grants.get("payments") == "no":
        raise Refusal(48002)


def list_bills(asked: Asked) -> dict[str, Any]:
    """Bills by time of payment, at most a month; the end is a missing next_cursor, an empty page is not."""
    _admit(asked)
    begins, ends = asked.window("begin_time", "end_time", most_days=31)
    payee = asked.ids.own_userid(asked.text("payee_userid", ""))
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            BILLS, after=after, begins=begins, ends=ends, payee=payee, count=count
        ),
        key="bill_id",
        limit=asked.integer("limit", 1000, low=1, high=1000),
        show=lambda rows: _bills(asked, [row for row in rows if row["is_visible"]]),
    )
    return {"bill_list": rows} | ({"next_cursor": next_cursor} if next_cursor else {})


def _bills(asked: Asked, rows: list[Row]) -> list[dict[str, Any]]:
    refunds: dict[int, list[Row]] = {row["bill_id"]: [] for row in rows}
    for refund in asked.rows(REFUNDS, bill_ids=list(refunds)):
        refunds[refund["bill_id"]].append(refund)
    goods: dict[int, list[dict[str, Any]]] = {}
    for line in asked.rows(GOODS, order_ids=[row["order_id"] for row in rows if row["order_id"] is not None]):
        goods.setdefault(line["order_id"], []).append(
            {"description": line["description"], "amount": line["amount"]}  # amount is the quantity
        )
    return [_bill(asked, row, refunds[row["bill_id"]], goods.get(row["order_id"], [])) for row in rows]


def _bill(asked: Asked, row: Row, refunds: list[Row], goods: list[dict[str, Any]]) -> dict[str, Any]:
    refunded = sum(refund["amount_fen"] for refund in refunds if refund["is_done"])
    return {
        "transaction_id": row["transaction_id"],
        "bill_type": 0,
        "trade_state": 3 if refunded else 1,
        "pay_time": row["pay_time"],
        "out_trade_no": row["out_trade_no"],
        "external_userid": asked.ids.external(row["external_userid"]) if row["external_userid"] else "",
        "total_fee": row["amount_fen"],
        "payee_userid": asked.ids.userid(row["payee"]),
        "payment_type": row["payment_type"],
        "mch_id": MERCHANT,
        "remark": row["remark"] or "",
        "commodity_list": goods,
        "total_refund_fee": refunded,
        "refund_list": [
            {
                "out_refund_no": refund["out_refund_no"],
                "refund_userid": asked.ids.userid(refund["userid"]) if refund["userid"] else "",
                "refund_comment": "",
                "refund_reqtime": refund["refund_reqtime"],
                "refund_status": 2 if refund["is_done"] else 1,
                "refund_fee": refund["amount_fen"],
            }
            for refund in refunds
        ],
    }


FLOW = """
    select
        fund_flow.*,
        epoch(fund_flow.happened_at)::bigint as happened,
        bills.out_trade_no,
        staff.wecom_userid as operator
    from fund_flow
    left join bills on fund_flow.bill_id = bills.bill_id
    left join bill_refunds on fund_flow.bill_refund_id = bill_refunds.bill_refund_id
    left join staff on coalesce(bill_refunds.staff_id, bills.payee_staff_id) = staff.staff_id
    where
        fund_flow.flow_id > $after
        and fund_flow.happened_at between $begins and $ends
        and (fund_flow.happened_at + interval 8 hours)::date < $first_missing
    order by fund_flow.flow_id
    limit $count
"""


def list_fund_flow(asked: Asked) -> dict[str, Any]:
    """Movements of the account: at most 31 days, none before 2022-12-01, three years kept (WD-98100)."""
    _admit(asked)
    begins, ends = asked.window("begin_time", "end_time", most_days=31)
    now = asked.clock.now()
    oldest = max(FLOW_EPOCH, now - timedelta(days=3 * 365))
    if begins.replace(tzinfo=UTC) < oldest:
        raise Refusal(600018)
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            FLOW,
            after=after,
            begins=begins,
            ends=ends,
            count=count,
            first_missing=_first_missing_day(asked),
        ),
        key="flow_id",
        limit=asked.integer("limit", 100, low=1, high=200),
        show=lambda rows: [_movement(asked, row) for row in rows],
    )
    return {"fund_flow_list": rows, "next_cursor": next_cursor}


def _first_missing_day(asked: Asked) -> date:
    """Yesterday's rows are there from 11:00 on; until then yesterday is the first day that is missing."""
    eleven_hours_ago = asked.clock.now() - timedelta(hours=FLOW_READY_HOUR)
    return eleven_hours_ago.astimezone(CHINA).date()


def _movement(asked: Asked, row: Row) -> dict[str, Any]:
    return {
        "timestamp": row["happened"],
        "request_no": f"{row['flow_id']:032d}",
        "transaction_type": KINDS[row["kind"]],
        "fund_flow_type": 1 if row["amount_fen"] > 0 else 2,
        "transaction_amount": abs(row["amount_fen"]),
        "account_balance": row["balance_fen"],
        "out_trade_no": row["out_trade_no"] or "",
        "mch_id": MERCHANT,
        "operator_userid": asked.ids.userid(row["operator"]) if row["operator"] else "",
        "group_list": [],
        "remark": "",
    }


ENDPOINTS = {
    "POST /cgi-bin/externalpay/get_bill_list": list_bills,
    "POST /cgi-bin/externalpay/get_fund_flow": list_fund_flow,
}
