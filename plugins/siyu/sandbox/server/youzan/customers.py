"""Customers, points and coupons of the Youzan shop (contract page youzan, "Customers, points, coupons").

Legacy APIs (version 3.0.0) give China texts; the customer APIs give unix seconds, the detail milliseconds.
"""

from datetime import datetime, timedelta

from siyu.sandbox.server.clock import CHINA
from siyu.sandbox.server.faults import drifted
from siyu.sandbox.server.pages import Lists, page_of
from siyu.sandbox.server.sales import AS_OF
from siyu.sandbox.server.shown import china_text, in_world, unix_seconds
from siyu.sandbox.server.world import World
from siyu.sandbox.server.youzan.asked import Asked
from siyu.sandbox.server.youzan.errors import WRONG_PARAMETER, BusinessError, GatewayError, Row

MOST_CUSTOMERS = 10_000  # rows per filter; more must be sliced by created_at
TOO_MANY_CUSTOMERS = 142710032
COUPON_SEARCH_ENDED = datetime(2024, 4, 1, tzinfo=CHINA)  # CD: offline since 2024-04

CUSTOMERS_SEEN = """
create or replace macro youzan_customers(moment) as table
select
    account_id, youzan_open_id, mini_openid, name, phone, gender, registered_at,
    case when left_at <= moment then null else sales_seen(joined_at, moment) end as member_since,
    greatest(
        registered_at, sales_seen(phone_changed_at, moment), sales_seen(joined_at, moment), sales_seen(left_at, moment)
    ) as changed_at
from sales_accounts('youzan', moment)
left join memberships using (account_id)
"""
FOUND = """
select account_id from youzan_customers($now)
where ($is_member is null or (member_since is not null) = $is_member)
    and ($has_mobile is null or (phone is not null) = $has_mobile)
    and ($created_at_start is null or date_trunc('second', registered_at) >= $created_at_start)
    and ($created_at_end is null or date_trunc('second', registered_at) <= $created_at_end)
    and ($created_member_at_start is null or date_trunc('second', member_since) >= $created_member_at_start)
    and ($created_member_at_end is null or date_trunc('second', member_since) <= $created_member_at_end)
order by registered_at desc, account_id desc
"""
CUSTOMERS = """
with wanted as (select unnest($ids) as account_id)
select
    customers.*,
    coalesce((
        select sum(points) from points_log where account_id = customers.account_id and changed_at <= $now
    ), 0)::bigint as points,
    (
        select count(*) from orders where account_id = customers.account_id and paid_at <= $now
    ) as trade_count,
    (
        select arg_max(level, valid_from_at) from membership_levels
        where account_id = customers.account_id and valid_from_at <= $now
    ) as level
from youzan_customers($now) as customers
semi join wanted using (account_id)
"""
WHO = """
select account_id from youzan_customers($now)
where case $account_type when 1 then (100000000 + account_id)::varchar when 2 then phone when 5 then youzan_open_id end
    = $account_id
"""
POINTS = """
select points_log.*, sum(points) over (order by changed_at, points_id) as balance
from points_log
where account_id = $account_id and changed_at <= $now
order by changed_at desc, points_id desc
"""
BATCHES = """
select
    coupon_batches.*,
    (select count(*) from coupons where coupons.coupon_batch_id = coupon_batches.coupon_batch_id
        and taken_at <= $now) as taken,
    (select count(*) from coupons where coupons.coupon_batch_id = coupon_batches.coupon_batch_id
        and used_at <= $now) as used
from coupon_batches
where starts_at <= $now
order by coupon_batch_id desc
"""
COUPONS = """
select coupons.* replace (sales_seen(used_at, $now) as used_at), owners.phone, order_no
from coupons
inner join sales_accounts('youzan', $now) as owners using (account_id)
left join orders on orders.order_id = coupons.order_id
where coupon_batch_id = $batch
    and taken_at <= $now
    and ($taken_from is null or date_trunc('second', taken_at) >= $taken_from)
    and ($taken_to is null or date_trunc('second', taken_at) <= $taken_to)
order by taken_at desc, coupon_id desc
"""
REASON_TEXTS = {"order": "购物送积分", "refund": "退款扣积分", "redeem": "积分兑换", "sign_in": "签到"}


def fans_id(account_id: int) -> int:
    """The number by which older APIs know a customer."""
    return 100_000_000 + account_id


class Customers:
    """The APIs that read customers."""

    def __init__(self, world: World) -> None:
        world.define(AS_OF)
        world.define(CUSTOMERS_SEEN)
        self._world = world
        self._lists = Lists(world)

    def listed(self, asked: Asked) -> Row:
        """youzan.scrm.customer.list/1.0.0: newest registration first, 10,000 rows per filter at most."""
        number, size = asked.page(most_pages=500, most_rows=50)
        found = self._lists.ids(
            FOUND,
            now=in_world(asked.now),
            is_member=asked.flag("is_member"),
            has_mobile=asked.flag("has_mobile"),
            **{
                name: bound and in_world(bound)
                for name in (
                    "created_at_start",
                    "created_at_end",
                    "created_member_at_start",
                    "created_member_at_end",
                )
                for bound in [asked.instant(name)]
            },
        )
        if number * size > MOST_CUSTOMERS:
            raise BusinessError(TOO_MANY_CUSTOMERS, f"at most {MOST_CUSTOMERS} rows per filter")
        page = page_of(found, number=number, size=size, fault=asked.fault)
        rows = self._customers(list(page.rows), asked.now)
        records = [
            {
                "yz_open_id": row["youzan_open_id"],
                "name": row["name"] or "",
                "show_name": row["name"] or "微信用户",
                "mobile": row["phone"] or "",
                "gender": row["gender"],
                "is_member": row["member_since"] is not None,
                "points": row["points"],
                "trade_count": row["trade_count"],
                "created_at": unix_seconds(row["registered_at"]),
                "created_member_at": unix_seconds(row["member_since"]),
            }
            for row in rows
        ]
        return {"total": page.total, "record_list": drifted(records, asked.fault)}

    def detail(self, asked: Asked) -> Row:
        """youzan.scrm.customer.detail.get/1.0.1: one customer; its times are unix milliseconds."""
        account = asked.body.get("account_info")
        if account is None:
            account = {"account_type": 5, "account_id": asked.required("yz_open_id")}
        if not isinstance(account, dict):
            raise GatewayError(5001, "parameter account_info: an object is expected")
        (row,) = self._customers([self._account(account, asked.now)], asked.now)
        detail = {
            "yz_open_id": row["youzan_open_id"],
            "name": row["name"] or "",
            "mobile": row["phone"] or "",
            "gender": row["gender"],
            "created_at": _milliseconds(row["registered_at"]),
            "updated_at": _milliseconds(row["changed_at"]),
            "member_created_at": _milliseconds(row["member_since"]),
            "cards": [{"card_alias": f"level{row['level']}"}] if row["member_since"] and row["level"] else [],
        }
        fields = {name.strip() for name in asked.text("fields").split(",")}
        if "credit" in fields:
            detail["credit"] = row["points"]
        if "level" in fields:
            detail["level"] = row["level"] if row["member_since"] else None
        (detail,) = drifted([detail], asked.fault)
        return detail

    def points(self, asked: Asked) -> Row:
        """youzan.crm.customer.points.changelog.search/3.0.0: one customer, seven days of the last thirty."""
        account_id = self._account(asked.body, asked.now)
        start, end = asked.moment("start_date"), asked.moment("end_date")
        if start is None or end is None or not timedelta() <= end - start <= timedelta(days=7):
            raise BusinessError(WRONG_PARAMETER, "start_date and end_date: seven days at most")
        if start < asked.now - timedelta(days=30):
            raise BusinessError(WRONG_PARAMETER, "start_date: thirty days back at most")
        log = self._world.rows(POINTS, account_id=account_id, now=in_world(asked.now))
        details = [
            {
                "amount": row["points"],
                "total": int(row["balance"]),
                "description": REASON_TEXTS.get(row["reason"], row["reason"]),
                "created_time": unix_seconds(row["changed_at"]),
                "expired_at": unix_seconds(row["expires_at"]),
            }
            for row in log
            if in_world(start) <= row["changed_at"] <= in_world(end)
        ]
        return {
            "total_points": int(log[0]["balance"]) if log else 0,
            "details": drifted(details, asked.fault),
        }

    def coupon_groups(self, asked: Asked) -> Row:
        """youzan.ump.coupon.search/3.0.0, as long as it was there: kinds of coupon, values in fen."""
        if asked.now >= COUPON_SEARCH_ENDED:
            raise GatewayError(4005, "unknown api or version")
        return self.voucher_activities(asked)

    def voucher_activities(self, asked: Asked) -> Row:
        """youzan.ump.activity.manage.voucher.search/3.0.1: the page knows its name alone; the older fields stand in."""
        number, size = asked.page(most_pages=100, most_rows=100)
        batches = self._world.rows(BATCHES, now=in_world(asked.now))
        page = page_of(batches, number=number, size=size, fault=asked.fault)
        groups = [
            {
                "id": row["coupon_batch_id"],
                "title": row["title"],
                "denominations": row["value_fen"],
                "condition": row["threshold_fen"],
                "discount": 0,
                "total_qty": row["total_quantity"],
                "stock_qty": row["total_quantity"] - row["taken"],
                "total_take": row["taken"],
                "total_used": row["used"],
                "valid_start_time": china_text(row["starts_at"]),
                "valid_end_time": china_text(row["ends_at"]),
            }
            for row in page.rows
        ]
        return {"total_results": page.total, "groups": drifted(groups, asked.fault)}

    def coupon_log(self, asked: Asked) -> Row:
        """youzan.ump.coupon.consume.fetchlogs.get/3.0.0: coupons of one kind, taken in a window."""
        number, size = asked.page(most_pages=10_000, most_rows=500)
        asked.required("coupon_group_id")
        taken_from, taken_to = asked.moment("start_taked"), asked.moment("end_taked")
        coupons = self._world.rows(
            COUPONS,
            batch=asked.whole("coupon_group_id"),
            now=in_world(asked.now),
            taken_from=taken_from and in_world(taken_from),
            taken_to=taken_to and in_world(taken_to),
        )
        page = page_of(coupons, number=number, size=size, fault=asked.fault)
        logs = [
            {
                "fans_id": fans_id(row["account_id"]),
                "mobile": row["phone"] or "",
                "is_used": row["used_at"] is not None,
                "used_in_order_no": row["order_no"] if row["used_at"] else "",
                "used_at": china_text(row["used_at"]) or "0000-00-00 00:00:00",
                "taked_at": china_text(row["taken_at"]),
            }
            for row in page.rows
        ]
        return {"total_results": page.total, "fetchlogs": drifted(logs, asked.fault)}

    def _customers(self, ids: list[int], now: datetime) -> list[Row]:
        rows = {row["account_id"]: row for row in self._world.rows(CUSTOMERS, ids=ids, now=in_world(now))}
        return [rows[account_id] for account_id in ids]

    def _account(self, named: Row, now: datetime) -> int:
        """The customer that `account_type` (1 fans, 2 mobile, 5 yz_open_id) and `account_id` name."""
        found = self._world.rows(
            WHO,
            account_type=named.get("account_type"),
            account_id=str(named.get("account_id", "")),
            now=in_world(now),
        )
        if not found:
            raise BusinessError(WRONG_PARAMETER, "the customer does not exist")
        return int(found[-1]["account_id"])


def _milliseconds(at: datetime | None) -> int | None:
    seconds = unix_seconds(at)
    return None if seconds is None else seconds * 1000
