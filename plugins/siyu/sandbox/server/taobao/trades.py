"""Trades of the Tmall shop (contract page taobao, "Orders").

Yuan strings with two decimals, China times, ids as numbers of up to 19 digits; a time not reached is absent.
"""

import hashlib
from datetime import datetime, timedelta

from siyu.sandbox.server.faults import drifted
from siyu.sandbox.server.pages import page_of
from siyu.sandbox.server.sales import Sales
from siyu.sandbox.server.shown import china_text, months_before, yuan
from siyu.sandbox.server.taobao.gateway import Asked, Row, TopError, invalid, missing, refused_window
from siyu.sandbox.server.taobao.words import (
    DEFAULT_TYPES,
    REFUND_STATUS_OF,
    STATUS_OF,
    STORE_TYPE,
    listed,
    stages_asked,
    types_asked,
)
from siyu.sandbox.server.world import World


class Trades:
    """The methods that read trades.

    Args:
        world: The tables.
    """

    def __init__(self, world: World) -> None:
        self._sales = Sales(world, "tmall")

    def sold(self, asked: Asked) -> Row:
        """taobao.trades.sold.get: by time of creation, the last three months alone."""
        earliest = months_before(asked.now, 3)
        return self._trades(asked, "created", earliest, asked.now, most=100)

    def history(self, asked: Asked) -> Row:
        """taobao.trades.sold.history.get: by time of creation, from three months to two years ago."""
        latest = months_before(asked.now, 3) - timedelta(seconds=1)
        return self._trades(asked, "created", months_before(asked.now, 24), latest, most=50)

    def increment(self, asked: Asked) -> Row:
        """taobao.trades.sold.increment.get: by time of change, a window of one day at most, newest change first.

        A trade that changes while its window is read leaves the window, and what stood behind it moves up: whoever
        reads from the first page on misses a row, whoever reads from the last page back does not.
        """
        start = asked.moment("start_modified")
        end = asked.moment("end_modified")
        if start is None or end is None:
            raise missing("end_modified" if start else "start_modified")
        if not timedelta() < end - start <= timedelta(days=1):
            raise refused_window("end_modified must be after start_modified, by one day at most")
        return self._trades(asked, "modified", start, end, most=100)

    def _trades(self, asked: Asked, by: str, earliest: datetime, latest: datetime, *, most: int) -> Row:
        fields = asked.fields()
        number = asked.number("page_no", 1, least=1, most=10**6)
        size = asked.number("page_size", 40, least=1, most=most)
        start = max(asked.moment(f"start_{by}") or earliest, earliest)
        end = min(asked.moment(f"end_{by}") or latest, latest)
        ids = self._sales.order_ids(
            asked.now,
            newest_by="created_at" if by == "created" else "changed_at",
            windows={"created_at" if by == "created" else "changed_at": (start, end)},
            stages=stages_asked(asked, STATUS_OF),
            where="case when store_id is null then $online else $in_store end",
            **types_asked(asked, DEFAULT_TYPES),
        )
        page = page_of(ids, number=number, size=size, fault=asked.fault)
        rows = [_trade(order, asked) for order in self._sales.orders(page.rows, asked.now)]
        return listed("trades", drifted([fields.of_row(row) for row in rows], asked.fault), page, asked)

    def fullinfo(self, asked: Asked) -> Row:
        """taobao.trade.fullinfo.get: one trade with what the lists lack."""
        fields = asked.fields()
        if not asked.required("tid").isdigit():
            raise invalid("tid", "tid must be a number")
        ids = self._sales.order_ids(asked.now, where="order_no = $tid", tid=asked.text("tid"))
        if not ids:
            raise TopError(15, "Remote Service Error", "isv.trade-not-exist", "the trade does not exist")
        (order,) = self._sales.orders(ids, asked.now)
        row = _trade(order, asked)
        if not asked.flag("include_oaid"):
            row["oaid"] = None
        row |= {
            "buyer_message": None,
            "seller_memo": None,
            "promotion_details": [
                {
                    "id": int(order["order_no"]),
                    "promotion_name": "整单优惠",
                    "discount_fee": yuan(order["order_discount_fen"]),
                }
            ]
            if order["order_discount_fen"]
            else [],
            "service_orders": [],
        }
        (row,) = drifted([fields.of_row(row)], asked.fault)
        return {"trade": row}


def _trade(order: Row, asked: Asked) -> Row:
    masked = order["is_masked"]
    account = order["account"] or {}
    lines = [_line(line, order) for line in order["lines"]]
    received = 0
    if order["finished_at"]:
        received = order["paid_fen"] - sum(
            refund["amount_fen"]
            for refund in order["refunds"]
            if refund["stage"] == "succeeded" and refund["phase"] == "onsale"
        )
    at_store = order["store_id"] is not None
    return {
        "tid": int(order["order_no"]),
        "status": STATUS_OF[order["stage"]],
        "type": STORE_TYPE if at_store else "fixed",
        "payment": yuan(order["paid_fen"]),
        "total_fee": yuan(order["list_fen"]),
        "discount_fee": yuan(order["line_discount_fen"] + order["order_discount_fen"]),
        "adjust_fee": yuan(0),
        "post_fee": yuan(order["shipping_fen"]),
        "received_payment": yuan(received),
        "created": china_text(order["created_at"]),
        "pay_time": china_text(order["paid_at"]),
        "modified": china_text(order["changed_at"]),
        "consign_time": china_text(order["shipped_at"]),
        "end_time": china_text(order["finished_at"] or order["closed_at"]),
        "buyer_nick": account.get("taobao_nick"),
        "buyer_open_uid": asked.buyer(account.get("taobao_open_uid")),
        "receiver_name": "**" if masked else account.get("name"),
        "receiver_mobile": _masked_phone(order["phone"]) if masked else order["phone"],
        "receiver_address": "******",
        "receiver_state": order["province"],
        "receiver_city": order["city"],
        "oaid": hashlib.sha256(f"oaid|{order['order_no']}".encode()).hexdigest() if order["phone"] else None,
        "point_fee": 0,
        "trade_from": "WAP,WAP",
        "seller_flag": 0,
        "has_buyer_message": False,
        "o2o": "crm" if at_store else None,
        "o2o_guide_id": order["guide_staff_id"] and str(order["guide_staff_id"]),
        "o2o_shop_id": str(order["store_id"]) if at_store else None,
        "num": lines[0]["num"] if len(lines) == 1 else 0,
        "orders": lines,
    }


def _line(line: Row, order: Row) -> Row:
    of_line = [refund for refund in order["refunds"] if refund["line_no"] == line["line_no"]]
    last = of_line[-1] if of_line else None
    given_back = sum(refund["amount_fen"] for refund in of_line if refund["stage"] == "succeeded")
    parcel = next((p for p in order["parcels"] if p["shipment_no"] == line["shipment_no"]), None)
    status = STATUS_OF[order["stage"]]
    if order["stage"] == "part_shipped":
        status = STATUS_OF["shipped" if parcel else "paid"]
    if line["paid_fen"] and given_back >= line["paid_fen"]:
        status = STATUS_OF["closed_refunded"]
    before_order_discount = line["quantity"] * line["price_fen"] - line["line_discount_fen"]
    return {
        "oid": line["line_ref"],
        "num_iid": line["taobao_num_iid"],
        "sku_id": str(line["taobao_sku_id"]),
        "outer_iid": line["product_code"],
        "outer_sku_id": line["sku_code"],
        "title": line["title"],
        "sku_properties_name": f"颜色分类:{line['colour']};尺码:{line['size']}",
        "num": line["quantity"],
        "price": yuan(line["price_fen"]),
        "total_fee": yuan(before_order_discount),
        "discount_fee": yuan(line["line_discount_fen"]),
        "adjust_fee": yuan(0),
        "payment": yuan(before_order_discount),
        "divide_order_fee": yuan(line["paid_fen"]),
        "part_mjz_discount": yuan(line["order_discount_fen"]),
        "refund_status": REFUND_STATUS_OF[last["stage"]] if last else "NO_REFUND",
        "refund_id": last and last["refund_no"],
        "status": status,
        "seller_type": "B",
        "buyer_rate": False,
        "consign_time": parcel and china_text(parcel["shipped_at"]),
        "end_time": china_text(order["finished_at"] or order["closed_at"]),
        "logistics_company": parcel and parcel["carrier"],
        "invoice_no": parcel and parcel["tracking_no"],
    }


def _masked_phone(phone: str | None) -> str | None:
    return phone and f"{phone[0]}******{phone[-4:]}"
