"""Members of the Tmall shop as its CRM lists them (contract page taobao, "CRM members")."""

from collections.abc import Sequence

from siyu.sandbox.server.faults import drifted
from siyu.sandbox.server.pages import Lists, page_of
from siyu.sandbox.server.sales import AS_OF
from siyu.sandbox.server.shown import china_text, in_world, yuan
from siyu.sandbox.server.taobao.gateway import Asked, Row, invalid, missing
from siyu.sandbox.server.world import World

# One row per buyer or member of the shop at a moment. A trade counts once it is finished; a closed one counts apart.
MEMBERS = """
create or replace macro taobao_members(moment) as table
with traded as (
    select
        account_id,
        count(*) filter (where finished_at <= moment) as trade_count,
        coalesce(sum(paid_fen) filter (where finished_at <= moment), 0)::bigint as trade_fen,
        count(*) filter (where closed_at <= moment) as close_trade_count,
        coalesce(sum(paid_fen) filter (where closed_at <= moment), 0)::bigint as close_trade_fen,
        count(*) filter (where paid_at <= moment) as paid_count,
        max(paid_at) filter (where paid_at <= moment) as last_trade_at,
        max(greatest(
            created_at,
            sales_seen(paid_at, moment),
            sales_seen(finished_at, moment),
            sales_seen(closed_at, moment)
        )) as changed_at
    from orders
    where channel_code = 'tmall' and created_at <= moment
    group by account_id
),
pieces as (
    select account_id, sum(quantity)::bigint as item_num
    from order_lines
    inner join orders using (order_id)
    where channel_code = 'tmall' and finished_at <= moment
    group by account_id
),
levels as (
    select account_id, arg_max(level, valid_from_at) as level, max(valid_from_at) as changed_at
    from membership_levels
    where valid_from_at <= moment
    group by account_id
)
select
    accounts.account_id,
    taobao_nick,
    taobao_open_uid,
    case
        when joined_at > moment or joined_at is null or left_at <= moment then 0 else coalesce(level, 1)
    end as grade,
    coalesce(trade_count, 0) as trade_count,
    coalesce(trade_fen, 0) as trade_fen,
    coalesce(close_trade_count, 0) as close_trade_count,
    coalesce(close_trade_fen, 0) as close_trade_fen,
    coalesce(item_num, 0) as item_num,
    last_trade_at,
    case when paid_count > 0 then 1 when traded.account_id is not null then 2 else 3 end as relation_source,
    greatest(
        registered_at,
        traded.changed_at,
        levels.changed_at,
        sales_seen(joined_at, moment),
        sales_seen(left_at, moment)
    ) as changed_at
from accounts
left join memberships using (account_id)
left join traded using (account_id)
left join pieces using (account_id)
left join levels using (account_id)
where channel_code = 'tmall' and registered_at <= moment
"""
GET = """
select account_id from taobao_members($now)
where ($grade is null or grade = $grade)
    and ($nick = '' or taobao_nick = $nick)
    and ($traded_from is null or last_trade_at >= $traded_from)
    and ($traded_to is null or last_trade_at <= $traded_to)
    and (
        $buyer = ''
        or $buyer = if($app = '', taobao_open_uid, 'AA' || left(sha256($app || '|' || taobao_open_uid), 22))
    )
    and trade_fen between $least_fen and $most_fen
    and trade_count between $least_count and $most_count
order by account_id
limit 100000 -- rows that members.get serves at all
"""
INCREMENT = """
select account_id from taobao_members($now)
where ($grade is null or grade = $grade) and date_trunc('second', changed_at) between $start and $end
order by changed_at desc, account_id desc
"""
OF_PAGE = """
select * from taobao_members($now) semi join (select unnest($ids) as account_id) using (account_id)
"""
GRADES = ("非会员", "普通会员", "高级会员", "VIP会员", "至尊VIP会员")
LARGEST = 2**62


class Members:
    """The methods that read members.

    Args:
        world: The tables.
    """

    def __init__(self, world: World) -> None:
        world.define(AS_OF)
        world.define(MEMBERS)
        self._world = world
        self._lists = Lists(world)

    def get(self, asked: Asked) -> Row:
        """taobao.crm.members.get: all of them, by filters; a page past the end is blank."""
        number = asked.number("current_page", None, least=1, most=1000)
        size = asked.number("page_size", 100, least=1, most=100)
        traded_from, traded_to = asked.moment("min_last_trade_time"), asked.moment("max_last_trade_time")
        found = self._lists.ids(
            GET,
            now=in_world(asked.now),
            grade=_grade(asked),
            nick=asked.text("buyer_nick"),
            buyer=asked.text("open_uid"),
            app="" if asked.is_main_app else asked.app_key,
            traded_from=traded_from and in_world(traded_from),
            traded_to=traded_to and in_world(traded_to),
            least_fen=_fen(asked, "min_trade_amount", 0),
            most_fen=_fen(asked, "max_trade_amount", LARGEST),
            least_count=asked.number("min_trade_count", 0, least=0, most=LARGEST),
            most_count=asked.number("max_trade_count", LARGEST, least=0, most=LARGEST),
        )
        return self._listed(found, number, size, asked)

    def increment(self, asked: Asked) -> Row:
        """taobao.crm.members.increment.get: whoever changed in a window, newest change first."""
        number = asked.number("current_page", None, least=1, most=10**6)
        size = asked.number("page_size", 100, least=2, most=100)
        start, end = asked.moment("start_modify"), asked.moment("end_modify") or asked.now
        if start is None:
            raise missing("start_modify")
        found = self._lists.ids(
            INCREMENT, now=in_world(asked.now), grade=_grade(asked), start=in_world(start), end=in_world(end)
        )
        return self._listed(found, number, size, asked)

    def _listed(self, found: Sequence[int], number: int, size: int, asked: Asked) -> Row:
        page = page_of(found, number=number, size=size, fault=asked.fault)
        rows = {
            row["account_id"]: self._member(row, asked)
            for row in self._world.rows(OF_PAGE, ids=list(page.rows), now=in_world(asked.now))
        }
        return {
            "members": drifted([rows[account_id] for account_id in page.rows], asked.fault),
            "total_result": page.total,  # singular, unlike every other list
        }

    def _member(self, row: Row, asked: Asked) -> Row:
        shown = {
            "buyer_nick": row["taobao_nick"],
            "ouid": asked.buyer(row["taobao_open_uid"]),
            "grade": row["grade"],
            "grade_name": GRADES[row["grade"]],
            "status": "normal",
            "trade_count": row["trade_count"],
            "trade_amount": yuan(row["trade_fen"]),
            "item_num": row["item_num"],
            "close_trade_count": row["close_trade_count"],
            "close_trade_amount": yuan(row["close_trade_fen"]),
            "last_trade_time": china_text(row["last_trade_at"]),
            "group_ids": "",
            "relation_source": row["relation_source"],
        }
        return {name: value for name, value in shown.items() if value is not None}


def _grade(asked: Asked) -> int | None:
    return asked.number("grade", 0, least=0, most=4) if asked.text("grade") else None


def _fen(asked: Asked, name: str, default: int) -> int:
    text = asked.text(name)
    if not text:
        return default
    whole, _, cents = text.partition(".")
    if not (whole + cents).isdecimal() or len(cents) > 2:
        raise invalid(name, f"{name} must be yuan with at most two decimals")
    return int(whole) * 100 + int(cents.ljust(2, "0"))
