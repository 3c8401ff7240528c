"""Orders and refunds of one channel of the world, as they stand at a moment.

Here: reading the world's tables as of a time. Not here: any platform's words for what is read.

An order changes whenever it is placed, paid, shipped, received, finished or closed, and with every step of its
refunds; what is later than the moment asked for has not happened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from siyu.sandbox.server.pages import Lists
from siyu.sandbox.server.shown import in_world
from siyu.sandbox.server.world import Row, World

EVERY_ORDER = {"first": 0, "last": 2**62}

# What the world knows at a moment. Both tables look only at the orders numbered from first to last: orders are
# numbered in the order of their creation, so a page reads a small part of the files.
AS_OF = """
create or replace macro sales_seen(happened_at, moment) as case when happened_at <= moment then happened_at end;

create or replace macro sales_refunds(channel, moment, first, last) as table
select
    refunds.* replace (
        sales_seen(agreed_at, moment) as agreed_at,
        sales_seen(returned_at, moment) as returned_at,
        sales_seen(refused_at, moment) as refused_at,
        sales_seen(succeeded_at, moment) as succeeded_at,
        sales_seen(refunds.closed_at, moment) as closed_at
    ),
    store_id is not null as is_of_store,
    greatest(
        refunds.created_at,
        sales_seen(agreed_at, moment),
        sales_seen(returned_at, moment),
        sales_seen(refused_at, moment),
        sales_seen(succeeded_at, moment),
        sales_seen(refunds.closed_at, moment)
    ) as changed_at,
    case
        when refunds.closed_at <= moment then 'closed'
        when succeeded_at <= moment then 'succeeded'
        when refused_at <= moment then 'refused'
        when returned_at <= moment then 'returned'
        when agreed_at <= moment then 'agreed'
        else 'asked'
    end as stage
from refunds
inner join orders using (order_id)
where orders.channel_code = channel and refunds.created_at <= moment and order_id between first and last;

create or replace macro sales_orders(channel, moment, first, last) as table
with parcels as (
    select
        order_id,
        count(*) filter (where shipped_at <= moment) as parcels_shipped,
        max(greatest(sales_seen(shipped_at, moment), sales_seen(received_at, moment))) as changed_at
    from shipments
    where order_id between first and last
    group by order_id
),
money_back as (
    select
        order_id,
        max(changed_at) as changed_at,
        sum(amount_fen) filter (where stage = 'succeeded') as refunded_fen,
        count(*) filter (where stage not in ('succeeded', 'closed')) as open_refunds
    from sales_refunds(channel, moment, first, last)
    group by order_id
)
select
    orders.* replace (
        sales_seen(paid_at, moment) as paid_at,
        sales_seen(shipped_at, moment) as shipped_at,
        sales_seen(finished_at, moment) as finished_at,
        sales_seen(closed_at, moment) as closed_at
    ),
    greatest(
        created_at,
        sales_seen(paid_at, moment),
        sales_seen(shipped_at, moment),
        sales_seen(finished_at, moment),
        sales_seen(closed_at, moment),
        parcels.changed_at,
        money_back.changed_at
    ) as changed_at,
    coalesce(money_back.refunded_fen, 0)::bigint as refunded_fen,
    coalesce(money_back.open_refunds, 0) as open_refunds,
    case
        when closed_at <= moment and close_reason = 'unpaid' then 'closed_unpaid'
        when closed_at <= moment then 'closed_refunded'
        when finished_at <= moment then 'finished'
        when shipped_at <= moment then 'shipped'
        when parcels_shipped > 0 then 'part_shipped'
        when paid_at <= moment then 'paid'
        else 'unpaid'
    end as stage
from orders
left join parcels using (order_id)
left join money_back using (order_id)
where channel_code = channel and created_at <= moment and order_id between first and last;

-- The number known at the moment: a changed number takes the place of the old one.
create or replace macro sales_accounts(channel, moment) as table
select accounts.* replace (case when phone_changed_at <= moment then new_phone else phone end as phone)
from accounts
where channel_code = channel and registered_at <= moment;
"""
ORDERS = """
select * from sales_orders($channel, $now, $first, $last) semi join (select unnest($ids) as order_id) using (order_id)
"""
REFUNDS = """
select * from sales_refunds($channel, $now, $first, $last) semi join (select unnest($ids) as order_id) using (order_id)
order by refund_id
"""
PARCELS = """
select * from shipments semi join (select unnest($ids) as order_id) using (order_id)
where order_id between $first and $last and shipped_at <= $now
order by order_id, shipment_no
"""
LINES = """
select
    order_lines.*, sku_code, colour, size, taobao_sku_id, youzan_sku_id, product_code, category, taobao_num_iid,
    youzan_item_id, products.name as title
from order_lines
semi join (select unnest($ids) as order_id) using (order_id)
inner join skus using (sku_id)
inner join products using (product_id)
where order_id between $first and $last
order by order_id, line_no
"""
ACCOUNTS = """
select * from sales_accounts($channel, $now) semi join (select unnest($ids) as account_id) using (account_id)
"""
ORDER_IDS = "select order_id from sales_orders($channel, $now, $first, $last) where"
REFUND_IDS = "select refund_id from sales_refunds($channel, $now, $first, $last) where"

Moment = Literal["created_at", "changed_at", "paid_at", "finished_at"]


class Sales:
    """What one channel sold.

    Args:
        world: The tables.
        channel_code: Whose orders, as `orders.channel_code` has it.
    """

    def __init__(self, world: World, channel_code: str) -> None:
        world.define(AS_OF)
        self._world = world
        self._channel = channel_code
        self._lists = Lists(world)

    def order_ids(
        self,
        now: datetime,
        *,
        newest_by: Moment = "created_at",
        windows: dict[Moment, tuple[datetime, datetime]] | None = None,
        stages: Sequence[str] = (),
        where: str = "true",
        **values: Any,
    ) -> Sequence[int]:
        """Ids of the orders that match, newest first.

        Args:
            now: Aware; as of when.
            newest_by: What "newest" means; the larger id first among equals.
            windows: Aware bounds per moment, both inclusive to the second.
            stages: Any of these; empty for all.
            where: A condition over `sales_orders`, written in the code that calls.
            values: Its parameters.
        """
        conditions = [where]
        for moment, (start, end) in (windows or {}).items():
            conditions.append(f"date_trunc('second', {moment}) between ${moment}_from and ${moment}_to")
            values |= {f"{moment}_from": in_world(start), f"{moment}_to": in_world(end)}
        if stages:
            conditions.append("list_contains($stages, stage)")
            values["stages"] = list(stages)
        # conditions are written in this package; what a caller sent is a parameter
        order = f"order by {newest_by} desc, order_id desc"
        return self._ids(" ".join((ORDER_IDS, " and ".join(conditions), order)), now, values)

    def refund_ids(
        self, now: datetime, *, newest_by: Moment = "created_at", where: str = "true", **values: Any
    ) -> Sequence[int]:
        """Ids of the refunds that match a condition over `sales_refunds`, newest first; arguments as for orders."""
        order = f"order by {newest_by} desc, refund_id desc"
        return self._ids(" ".join((REFUND_IDS, where, order)), now, values)

    def orders(self, ids: Sequence[int], now: datetime) -> list[Row]:
        """The orders with these ids, in this order, each with `lines`, `parcels`, `refunds` and `account` (or None)."""
        if not ids:
            return []
        of_ids = {"ids": list(ids), "first": min(ids), "last": max(ids)}
        at = {"channel": self._channel, "now": in_world(now)}
        by_id: dict[int, Row] = {
            order["order_id"]: order | {"lines": [], "parcels": [], "refunds": []}
            for order in self._world.rows(ORDERS, **of_ids, **at)
        }
        for name, rows in (
            ("lines", self._world.rows(LINES, **of_ids)),
            ("parcels", self._world.rows(PARCELS, **of_ids, now=at["now"])),
            ("refunds", self._world.rows(REFUNDS, **of_ids, **at)),
        ):
            for row in rows:
                by_id[row["order_id"]][name].append(row)
        buyers = [order["account_id"] for order in by_id.values() if order["account_id"] is not None]
        accounts = {row["account_id"]: row for row in self._world.rows(ACCOUNTS, ids=buyers, **at)}
        for order in by_id.values():
            order["account"] = accounts.get(order["account_id"])
        return [by_id[order_id] for order_id in ids]

    def refunds(self, ids: Sequence[int], now: datetime) -> list[Row]:
        """The refunds with these ids, in this order, each with its `order` (see `orders`) and its `line`."""
        rows = self._world.rows(
            "select distinct order_id from refunds where refund_id in (select unnest($ids))", ids=list(ids)
        )
        by_id: dict[int, Row] = {}
        for order in self.orders([row["order_id"] for row in rows], now):
            lines = {line["line_no"]: line for line in order["lines"]}
            for refund in order["refunds"]:
                by_id[refund["refund_id"]] = refund | {"order": order, "line": lines[refund["line_no"]]}
        return [by_id[refund_id] for refund_id in ids]

    def _ids(self, sql: str, now: datetime, values: dict[str, Any]) -> Sequence[int]:
        return self._lists.ids(sql, **values, **EVERY_ORDER, now=in_world(now), channel=self._channel)
