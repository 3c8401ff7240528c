"""Words that the Tmall shop's methods share: states, types of trade, and how a list is counted."""

from typing import Any

from siyu.sandbox.server.pages import Page
from siyu.sandbox.server.taobao.gateway import Asked, Row, invalid

STATUS_OF = {
    "unpaid": "WAIT_BUYER_PAY",
    "paid": "WAIT_SELLER_SEND_GOODS",
    "part_shipped": "SELLER_CONSIGNED_PART",
    "shipped": "WAIT_BUYER_CONFIRM_GOODS",
    "finished": "TRADE_FINISHED",
    "closed_refunded": "TRADE_CLOSED",
    "closed_unpaid": "TRADE_CLOSED_BY_TAOBAO",
}
REFUND_STATUS_OF = {
    "asked": "WAIT_SELLER_AGREE",
    "agreed": "WAIT_BUYER_RETURN_GOODS",
    "returned": "WAIT_SELLER_CONFIRM_GOODS",
    "refused": "SELLER_REFUSE_BUYER",
    "succeeded": "SUCCESS",
    "closed": "CLOSED",
}
# Shown as `fixed`, which the filter counts among guarantee_trade; a sale credited to a store is an O2O trade and thus
# missing until it is named (OT: `type` default).
DEFAULT_TYPES = "guarantee_trade,auto_delivery,ec,cod,step"
DEFAULT_REFUND_TYPES = "guarantee_trade,auto_delivery"
ONLINE_TYPES = frozenset({"fixed", "guarantee_trade"})
STORE_TYPE = "o2o_offlinetrade"


def types_asked(asked: Asked, default: str) -> dict[str, bool]:
    """Which trades the `type` of a call lets through, as the parameters that its SQL knows."""
    types = set((asked.text("type") or default).split(","))
    return {"online": bool(types & ONLINE_TYPES), "in_store": STORE_TYPE in types}


def listed(name: str, rows: list[Row], page: Page[Any], asked: Asked) -> Row:
    """A list as the platform counts it: a total, or with use_has_next only whether there is more."""
    if asked.flag("use_has_next"):
        return {name: rows, "has_next": page.has_next}
    return {name: rows, "total_results": page.total}


def stages_asked(asked: Asked, words: dict[str, str]) -> list[str]:
    """The world's stages that the `status` of a call means; none asked for means all."""
    status = asked.text("status")
    if status and status not in words.values():
        raise invalid("status", "status is not one of this method's")
    return [stage for stage, word in words.items() if word == status]
