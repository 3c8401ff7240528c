"""Salesmen 分销员 of the Youzan shop and what they sold (contract page youzan, "Salesmen", NM)."""

from datetime import datetime

from siyu.sandbox.server.faults import drifted
from siyu.sandbox.server.pages import page_of
from siyu.sandbox.server.sales import Sales
from siyu.sandbox.server.shown import china_text, in_world, yuan
from siyu.sandbox.server.world import World
from siyu.sandbox.server.youzan.asked import Asked
from siyu.sandbox.server.youzan.customers import fans_id
from siyu.sandbox.server.youzan.errors import WRONG_PARAMETER, BusinessError, Row

WAITING, SETTLED = 1, 2  # settle_state
STATES = {"paid": 3, "part_shipped": 3, "shipped": 5, "finished": 6, "closed_refunded": 100}

SALESMEN = """
with sold as (
    select salesman_id, count(*) as orders, sum(paid_fen)::bigint as paid_fen
    from salesman_orders
    inner join orders using (order_id)
    where paid_at <= $now
    group by salesman_id
)
select
    salesmen.*, own.phone, own.name, coalesce(sold.orders, 0) as orders, coalesce(sold.paid_fen, 0) as paid_fen,
    upper.phone as upper_phone
from salesmen
inner join sales_accounts('youzan', $now) as own using (account_id)
left join sold using (salesman_id)
left join salesmen as above on above.salesman_id = salesmen.from_salesman_id
left join sales_accounts('youzan', $now) as upper on upper.account_id = above.account_id
where salesmen.registered_at <= $now
order by salesmen.registered_at desc, salesmen.salesman_id desc
"""
OF_SALESMAN = """
select order_id, commission_fen, upper_commission_fen, sales_seen(settled_at, $now) as settled_at
from salesman_orders
inner join orders using (order_id)
where salesman_id = $salesman_id and paid_at <= $now and date_trunc('second', created_at) between $start and $end
    and ($order_no = '' or order_no = $order_no)
order by created_at desc, order_id desc
"""
OF_ORDER = """
select salesman_id from salesman_orders inner join orders using (order_id)
where order_no = $order_no and paid_at <= $now
"""


class Salesmen:
    """The APIs that read salesmen."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sales = Sales(world, "youzan")
        self._listed: tuple[datetime, list[Row]] | None = None  # when, and whom there were

    def accounts(self, asked: Asked) -> Row:
        """youzan.salesman.accounts.get/3.0.0: all of them, newest first."""
        number, size = asked.page(most_pages=10_000, most_rows=100)
        page = page_of(self._salesmen(asked.now), number=number, size=size, fault=asked.fault)
        rows = [
            {
                "mobile": row["phone"] or "",
                "nickname": row["name"] or "",
                "seller": row["seller_code"],
                "order_num": row["orders"],
                "money": yuan(row["paid_fen"]),
                "created_at": china_text(row["registered_at"]),
                "from_buyer_mobile": row["upper_phone"] or "",
                "fans_id": fans_id(row["account_id"]),
            }
            for row in page.rows
        ]
        return {"total_results": page.total, "accounts": drifted(rows, asked.fault)}

    def trades(self, asked: Asked) -> Row:
        """youzan.salesman.trades.get/3.0.1: orders of one salesman, named by mobile or fans_id with fans_type."""
        number, size = asked.page(most_pages=10_000, most_rows=100)
        salesman = self._named(asked)
        start, end = asked.instant("start_time"), asked.instant("end_time")
        if start is None or end is None:
            raise BusinessError(WRONG_PARAMETER, "start_time and end_time are required")
        sold = self._world.rows(
            OF_SALESMAN,
            salesman_id=salesman["salesman_id"],
            now=in_world(asked.now),
            start=in_world(start),
            end=in_world(end),
            order_no=asked.text("order_no"),
        )
        page = page_of(sold, number=number, size=size, fault=asked.fault)
        orders = self._sales.orders([row["order_id"] for row in page.rows], asked.now)
        rows = [_trade(row, order, salesman) for row, order in zip(page.rows, orders, strict=True)]
        return {"total": page.total, "list": drifted(rows, asked.fault)}

    def of_order(self, asked: Asked) -> Row:
        """youzan.salesman.trades.account.get/3.0.0: who brought an order; empty for one that nobody brought."""
        found = self._world.rows(OF_ORDER, order_no=str(asked.required("order_no")), now=in_world(asked.now))
        named = {row["salesman_id"]: row for row in self._salesmen(asked.now)}
        return next(
            (
                {
                    "phone": named[row["salesman_id"]]["phone"] or "",
                    "seller": named[row["salesman_id"]]["seller_code"],
                }
                for row in found
            ),
            {},
        )

    def _salesmen(self, now: datetime) -> list[Row]:
        """All of them at a moment, found once for it: each of them is asked about while the clock stands still."""
        listed = self._listed
        if listed is None or listed[0] != now:
            listed = self._listed = now, self._world.rows(SALESMEN, now=in_world(now))
        return listed[1]

    def _named(self, asked: Asked) -> Row:
        mobile, fans = asked.text("mobile"), asked.whole("fans_id")
        if not mobile and (fans is None or asked.whole("fans_type") is None):
            raise BusinessError(WRONG_PARAMETER, "mobile, or fans_id with fans_type, is required")
        for row in self._salesmen(asked.now):
            if (mobile and row["phone"] == mobile) or (not mobile and fans_id(row["account_id"]) == fans):
                return row
        raise BusinessError(WRONG_PARAMETER, "the salesman does not exist")


def _trade(sold: Row, order: Row, salesman: Row) -> Row:
    return {
        "seller": salesman["seller_code"],
        "order_no": order["order_no"],
        "money": yuan(order["paid_fen"]),
        "cps_money": yuan(sold["commission_fen"]),
        "state": STATES[order["stage"]],
        "phone": salesman["phone"] or "",
        "created_at": china_text(order["created_at"]),
        "settle_state": SETTLED if sold["settled_at"] else WAITING,
        "auto_settle": 1,
        "settled_at": china_text(sold["settled_at"]) or "",
        "items": [
            {
                "num_iid": line["youzan_item_id"],
                "num": line["quantity"],
                "price": yuan(line["price_fen"]),
                "i_rate": _per_cent(sold["commission_fen"], order["paid_fen"]),
                "i_cps_money": yuan(_share(sold["commission_fen"], line, order)),
                "ii_rate": _per_cent(sold["upper_commission_fen"], order["paid_fen"]),
                "ii_cps_money": yuan(_share(sold["upper_commission_fen"], line, order)),
            }
            for line in order["lines"]
        ],
    }


def _per_cent(part: int, whole: int) -> str:
    return yuan(part * 10_000 // whole) if whole else "0.00"


def _share(commission: int, line: Row, order: Row) -> int:
    """The line's share of a commission: in proportion, and what rounding leaves over on the first line."""
    paid = sum(each["paid_fen"] for each in order["lines"]) or 1
    shares: dict[int, int] = {
        each["line_no"]: commission * each["paid_fen"] // paid for each in order["lines"]
    }
    shares[order["lines"][0]["line_no"]] += commission - sum(shares.values())
    return shares[line["line_no"]]
