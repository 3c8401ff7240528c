"""Refunds of the Tmall shop (contract page taobao, "Refunds")."""

from datetime import timedelta

from siyu.sandbox.server.faults import drifted
from siyu.sandbox.server.pages import page_of
from siyu.sandbox.server.sales import Sales
from siyu.sandbox.server.shown import china_text, in_world, unix_seconds, yuan
from siyu.sandbox.server.taobao.gateway import Asked, Row
from siyu.sandbox.server.taobao.words import (
    DEFAULT_REFUND_TYPES,
    REFUND_STATUS_OF,
    STATUS_OF,
    listed,
    stages_asked,
    types_asked,
)
from siyu.sandbox.server.world import World

OPEN_ENDED = timedelta(days=3650)


class Refunds:
    """The method that reads refunds.

    Args:
        world: The tables.
    """

    def __init__(self, world: World) -> None:
        self._sales = Sales(world, "tmall")

    def received(self, asked: Asked) -> Row:
        """taobao.refunds.receive.get: by time of change."""
        fields = asked.fields()
        number = asked.number("page_no", 1, least=1, most=10**6)
        size = asked.number("page_size", 40, least=1, most=100)
        start = asked.moment("start_modified") or asked.now - OPEN_ENDED
        end = asked.moment("end_modified") or asked.now
        ids = self._sales.refund_ids(
            asked.now,
            newest_by="changed_at",
            where="""
                date_trunc('second', changed_at) between $changed_from and $changed_to
                and ($stage is null or stage = $stage)
                and case when is_of_store then $in_store else $online end
            """,
            changed_from=in_world(start),
            changed_to=in_world(end),
            stage=next(iter(stages_asked(asked, REFUND_STATUS_OF)), None),
            **types_asked(asked, DEFAULT_REFUND_TYPES),
        )
        page = page_of(ids, number=number, size=size, fault=asked.fault)
        rows = [_refund(refund, asked) for refund in self._sales.refunds(page.rows, asked.now)]
        return listed("refunds", drifted([fields.of_row(row) for row in rows], asked.fault), page, asked)


def _refund(refund: Row, asked: Asked) -> Row:
    order, line = refund["order"], refund["line"]
    return {
        "refund_id": refund["refund_no"],
        "tid": int(order["order_no"]),
        "oid": line["line_ref"],
        "total_fee": yuan(line["paid_fen"]),
        "refund_fee": yuan(refund["amount_fen"]),
        "payment": yuan(line["paid_fen"] - refund["amount_fen"]),
        "status": REFUND_STATUS_OF[refund["stage"]],
        "order_status": STATUS_OF[order["stage"]],
        "good_status": _good_status(refund, order),
        "has_good_return": refund["is_goods_returned"],
        "reason": refund["reason"],
        "desc": None,
        "created": china_text(refund["created_at"]),
        "modified": china_text(refund["changed_at"]),
        "refund_phase": refund["phase"],
        "refund_version": (unix_seconds(refund["changed_at"]) or 0) * 1000,
        "num": refund["quantity"],
        "num_iid": line["taobao_num_iid"],
        "outer_id": line["sku_code"],
        "sku": f"{line['taobao_sku_id']}|颜色分类:{line['colour']};尺码:{line['size']}",
        "buyer_open_uid": asked.buyer((order["account"] or {}).get("taobao_open_uid")),
    }


def _good_status(refund: Row, order: Row) -> str:
    if refund["returned_at"]:
        return "BUYER_RETURNED_GOODS"
    return "BUYER_RECEIVED" if order["finished_at"] else "BUYER_NOT_RECEIVED"
