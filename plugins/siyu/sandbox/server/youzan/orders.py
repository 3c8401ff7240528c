"""Orders and refunds of the Youzan shop (contract page youzan, "Orders", "Refunds").

Yuan strings and integers of fen stand side by side in one reply, as the platform has it: amounts called fee, payment or
price are yuan, deductions and `cash` are fen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from siyu.sandbox.server.faults import drifted
from siyu.sandbox.server.pages import page_of
from siyu.sandbox.server.sales import Moment, Sales
from siyu.sandbox.server.shown import china_text, in_world, months_before, unix_seconds, yuan
from siyu.sandbox.server.world import World
from siyu.sandbox.server.youzan.asked import Asked
from siyu.sandbox.server.youzan.errors import WRONG_PARAMETER, BusinessError, Row

STATUS_OF = {
    "unpaid": "WAIT_BUYER_PAY",
    "paid": "WAIT_SELLER_SEND_GOODS",
    "part_shipped": "WAIT_SELLER_SEND_GOODS",
    "shipped": "WAIT_BUYER_CONFIRM_GOODS",
    "finished": "TRADE_SUCCESS",
    "closed_refunded": "TRADE_CLOSED",
    "closed_unpaid": "TRADE_CLOSED",
}
STATUS_TEXT = {
    "WAIT_BUYER_PAY": "等待买家付款",
    "WAIT_SELLER_SEND_GOODS": "等待卖家发货",
    "WAIT_BUYER_CONFIRM_GOODS": "等待买家确认收货",
    "TRADE_SUCCESS": "交易成功",
    "TRADE_CLOSED": "交易关闭",
}
REFUND_STATUS_OF = {
    "asked": "WAIT_SELLER_AGREE",
    "agreed": "WAIT_BUYER_RETURN_GOODS",
    "returned": "WAIT_SELLER_CONFIRM_GOODS",
    "refused": "SELLER_REFUSE_BUYER",
    "succeeded": "SUCCESS",
    "closed": "CLOSED",
}
REASONS = {"size": 11, "quality": 12, "not_liked": 13, "late": 14, "price": 15, "other": 0}
CLOSE_TYPES = {"closed_unpaid": 1, "closed_refunded": 2}
# Parameters of each window, and what newest means when it is given: success before update before created.
WINDOWS: tuple[tuple[str, Moment], ...] = (
    ("success", "finished_at"),
    ("update", "changed_at"),
    ("created", "created_at"),
    ("pay", "paid_at"),
)
BESIDE = """
select
    order_id,
    youzan_offline_id as offline_id,
    staff_code as guide_code,
    joined_at <= $now and not coalesce(left_at <= $now, false) as is_member,
    salesman_id is not null as is_salesman_order
from orders
semi join (select unnest($ids) as order_id) using (order_id)
left join stores using (store_id)
left join staff on staff_id = guide_staff_id
left join memberships using (account_id)
left join salesman_orders using (order_id)
"""


class Orders:
    """The APIs that read sales.

    Args:
        world: The tables.
        kdt_id: The shop's id.
    """

    def __init__(self, world: World, *, kdt_id: int) -> None:
        self._world = world
        self._kdt_id = kdt_id
        self._sales = Sales(world, "youzan")

    def sold(self, asked: Asked) -> Row:
        """youzan.trades.sold.get/4.0.4: windows of three months at most, newest first.

        A window with one end alone is ignored, as on the platform. While pages are read by time of update, orders that
        change meanwhile leave their places.
        """
        number, size = asked.page(most_pages=100, most_rows=100)
        windows: dict[Moment, tuple[datetime, datetime]] = {}
        for name, moment in WINDOWS:
            start, end = asked.moment(f"start_{name}"), asked.moment(f"end_{name}")
            if start is None or end is None:
                continue
            if end < start or months_before(end, 3) > start:
                raise BusinessError(WRONG_PARAMETER, f"start_{name} to end_{name}: at most three months")
            windows[moment] = (start, end)
        status = asked.text("status")
        if status and status not in {*STATUS_OF.values(), "TRADE_REFUND"}:
            raise BusinessError(WRONG_PARAMETER, "status is not known")
        found = self._sales.order_ids(
            asked.now,
            newest_by=next((m for _, m in WINDOWS if m in windows and m != "paid_at"), "created_at"),
            windows=windows,
            stages=[stage for stage, word in STATUS_OF.items() if word == status],
            where="""
                ($tid = '' or order_no = $tid) and ($phone = '' or phone = $phone)
                and (not $refunding or open_refunds > 0 or refunded_fen > 0)
                and ($buyer = '' or account_id in (from accounts select account_id where youzan_open_id = $buyer))
            """,
            tid=asked.text("tid"),
            phone=asked.text("receiver_phone"),
            buyer=asked.text("yz_open_id"),
            refunding=status == "TRADE_REFUND",
        )
        page = page_of(found, number=number, size=size, fault=asked.fault)
        rows = [_order(order) for order in self._orders(page.rows, asked.now)]
        return {
            "total_results": page.total,
            "full_order_info_list": [{"full_order_info": row} for row in drifted(rows, asked.fault)],
        }

    def one(self, asked: Asked) -> Row:
        """youzan.trade.get/4.0.2: one order with its promotions, refunds and parcels."""
        found = self._sales.order_ids(asked.now, where="order_no = $tid", tid=str(asked.required("tid")))
        if not found:
            raise BusinessError(101305001, "the order does not exist")
        (order,) = self._orders(found, asked.now)
        detail = {
            "full_order_info": _order(order),
            "order_promotion": {
                "item": [],
                "order": [],
                "item_discount_fee": yuan(order["line_discount_fen"]),
                "order_discount_fee": yuan(order["order_discount_fen"]),
                "adjust_fee": yuan(0),
            },
            "refund_order": [
                {
                    "refund_id": refund["refund_no"],
                    "refund_state": REFUND_STATUS_OF[refund["stage"]],
                    "refund_fee": yuan(refund["amount_fen"]),
                    "oids": [_oid(order, refund["line_no"])],
                }
                for refund in order["refunds"]
            ],
            "delivery_order": [
                {
                    "pk_id": parcel["shipment_no"],
                    "express_state": 1,
                    "express_type": 0,
                    "oids": [
                        str(line["line_ref"])
                        for line in order["lines"]
                        if line["shipment_no"] == parcel["shipment_no"]
                    ],
                }
                for parcel in order["parcels"]
            ],
        }
        (detail,) = drifted([detail], asked.fault)
        return detail

    def refunds(self, asked: Asked) -> Row:
        """youzan.trade.refund.search/3.0.1: windows in unix seconds; without one the last three months of creation."""
        number, size = asked.page(most_pages=100, most_rows=100)
        if number * size > 3000:
            raise BusinessError(WRONG_PARAMETER, "page_no times page_size must not exceed 3000")
        bounds = {
            name: asked.instant(name)
            for name in ("create_time_start", "create_time_end", "update_time_start", "update_time_end")
        }
        if not any(bounds.values()):
            bounds["create_time_start"] = months_before(asked.now, 3)
        status = asked.text("status")
        if status and status not in REFUND_STATUS_OF.values():
            raise BusinessError(WRONG_PARAMETER, "status is not known")
        found = self._sales.refund_ids(
            asked.now,
            newest_by="changed_at"
            if bounds["update_time_start"] or bounds["update_time_end"]
            else "created_at",
            where="""
                ($create_time_start is null or date_trunc('second', created_at) >= $create_time_start)
                and ($create_time_end is null or date_trunc('second', created_at) <= $create_time_end)
                and ($update_time_start is null or date_trunc('second', changed_at) >= $update_time_start)
                and ($update_time_end is null or date_trunc('second', changed_at) <= $update_time_end)
                and ($stage is null or stage = $stage)
                and ($demand is null or $demand = if(is_goods_returned, 2, 1))
            """,
            stage=next((stage for stage, word in REFUND_STATUS_OF.items() if word == status), None),
            demand=asked.whole("demand"),
            **{name: bound and in_world(bound) for name, bound in bounds.items()},
        )
        page = page_of(found, number=number, size=size, fault=asked.fault)
        rows = [self._refund(refund) for refund in self._sales.refunds(page.rows, asked.now)]
        return {"total": page.total, "refunds": drifted(rows, asked.fault)}

    def refund(self, asked: Asked) -> Row:
        """youzan.trade.refund.get/3.0.1: one refund with its line."""
        found = self._sales.refund_ids(
            asked.now, where="refund_no = $refund_no", refund_no=str(asked.required("refund_id"))
        )
        if not found:
            raise BusinessError(101305002, "the refund does not exist")
        (refund,) = self._sales.refunds(found, asked.now)
        (row,) = drifted(
            [
                self._refund(refund)
                | {
                    "oid": str(refund["line"]["line_ref"]),
                    "version": (unix_seconds(refund["changed_at"]) or 0) * 1000,
                    "refund_type": "REFUND_AND_RETURN" if refund["is_goods_returned"] else "REFUND_ONLY",
                    "demand": 2 if refund["is_goods_returned"] else 1,
                    "refund_success_time": china_text(refund["succeeded_at"]),
                }
            ],
            asked.fault,
        )
        return row

    def _orders(self, ids: Sequence[int], now: datetime) -> list[Row]:
        """The world's orders with what stands beside them in it."""
        rows = self._world.rows(BESIDE, ids=list(ids), now=in_world(now))
        beside = {row["order_id"]: row for row in rows}
        return [order | beside[order["order_id"]] for order in self._sales.orders(ids, now)]

    def _refund(self, refund: Row) -> Row:
        return {
            "refund_id": refund["refund_no"],
            "tid": refund["order"]["order_no"],
            "kdt_id": self._kdt_id,
            "status": REFUND_STATUS_OF[refund["stage"]],
            "return_goods": refund["is_goods_returned"],
            "reason": REASONS.get(refund["reason"], 0),
            "refund_fee": yuan(refund["amount_fen"]),
            "created": china_text(refund["created_at"]),
            "modified": china_text(refund["changed_at"]),
        }


def _order(order: Row) -> Row:
    account = order["account"] or {}
    status = STATUS_OF[order["stage"]]
    paid = order["paid_fen"] if order["paid_at"] else 0
    return {
        "order_info": {
            "tid": order["order_no"],
            "status": status,
            "status_str": STATUS_TEXT[status],
            "type": 0,
            "created": china_text(order["created_at"]),
            "update_time": china_text(order["changed_at"]),
            "pay_time": china_text(order["paid_at"]) or "",
            "consign_time": china_text(order["shipped_at"]) or "",
            "confirm_time": china_text(order["finished_at"]) or "",
            "success_time": china_text(order["finished_at"]) or "",
            "expired_time": china_text(order["created_at"] + timedelta(minutes=30)),
            "refund_state": _refund_state(order),
            "close_type": CLOSE_TYPES.get(order["stage"], 0),
            "express_type": 0,
            "pay_type": 10 if order["paid_at"] else 0,
            "pay_type_str": "WEIXIN_DAIXIAO" if order["paid_at"] else "",
            "team_type": 0,
            "activity_type": 1,
            "offline_id": order["offline_id"] or 0,
            "is_retail_order": False,
            "order_tags": {
                "is_member": bool(order["is_member"]),
                "is_fenxiao_order": order["is_salesman_order"],
                "is_virtual": False,
                "is_refund": bool(order["refunds"]),
                "is_payed": order["paid_at"] is not None,
            },
            "order_extra": {
                "daogou": order["guide_code"] or "",
                "buyer_name": account.get("name") or "",
                "is_points_order": "0",
                "cash": paid,  # fen, unlike its neighbours
            },
        },
        "source_info": {
            "is_offline_order": False,
            "source": {"platform": "wx", "wx_entrance": "direct_buy"},
            "order_mark": "wx_shop",
            "book_key": "",
            "biz_source": "",
        },
        "buyer_info": {
            "yz_open_id": account.get("youzan_open_id") or "",
            "buyer_phone": account.get("phone") or "",
            "outer_user_id": account.get("mini_openid") or "",
            "fans_id": 0,
            "fans_type": 9,
            "fans_nickname": "",
        },
        "pay_info": {
            "total_fee": yuan(order["list_fen"]),
            "post_fee": yuan(order["shipping_fen"]),
            "payment": yuan(order["paid_fen"]),
            "real_payment": yuan(paid),
            "deduction_pay": 0,
            "deduction_real_pay": 0,
            "transaction": [],
            "outer_transactions": [],
            "phase_payments": [],
        },
        "address_info": {
            "receiver_name": account.get("name") or "",
            "receiver_tel": order["phone"] or "",
            "delivery_province": order["province"] or "",
            "delivery_city": order["city"] or "",
            "delivery_district": "",
            "delivery_address": f"{order['address_id']}号" if order["address_id"] else "",
            "address_extra": "{}",
            "self_fetch_info": "",
        },
        "orders": [_line(line, order) for line in order["lines"]],
        "remark_info": {"buyer_message": "", "trade_memo": "", "star": 0},
    }


def _line(line: Row, order: Row) -> Row:
    # The lines sum to the order's payment, postage included: the first line bears it.
    postage = order["shipping_fen"] if line is order["lines"][0] else 0
    return {
        "oid": str(line["line_ref"]),
        "item_id": line["youzan_item_id"],
        "sku_id": line["youzan_sku_id"],
        "outer_item_id": line["product_code"],
        "outer_sku_id": line["sku_code"],
        "title": line["title"],
        "num": line["quantity"],
        "price": yuan(line["price_fen"]),
        "discount_price": yuan(line["price_fen"] - line["line_discount_fen"] // line["quantity"]),
        "total_fee": yuan(line["quantity"] * line["price_fen"] - line["line_discount_fen"]),
        "payment": yuan(line["paid_fen"] + postage),
        "points_price": "0",
        "is_present": False,
        "item_type": 0,
        "sku_properties_name": f'[{{"k":"颜色","v":"{line["colour"]}"}},{{"k":"尺码","v":"{line["size"]}"}}]',
        "fenxiao_price": "0.00",
        "fenxiao_payment": "0.00",
    }


def _refund_state(order: Row) -> int:
    """0 none, 1 and 11 under way in part or whole, 2 and 12 done in part or whole."""
    if not order["refunds"]:
        return 0
    if order["open_refunds"]:
        asked = sum(r["amount_fen"] for r in order["refunds"] if r["stage"] != "closed")
        return 11 if asked >= order["paid_fen"] else 1
    if not order["refunded_fen"]:
        return 0
    return 12 if order["refunded_fen"] >= order["paid_fen"] else 2


def _oid(order: Row, line_no: int) -> str:
    return next(str(line["line_ref"]) for line in order["lines"] if line["line_no"] == line_no)
