"""A generated order log: the files that two shops of one brand would export, and the truth about them.

Here: drawing a small world from a seed, writing it the untidy way shops write (delimiters, encodings,
headers, units and a few dirty rows), and computing what is true from the world itself.
Not here: reading any of it; this module shares no code with the rooms that do.

Money is integer fen inside, local time is Asia/Shanghai. Equal arguments give equal bytes.
"""

import json
import re
import shutil
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
from numpy.typing import NDArray

from siyu.errors import UsageError
from siyu.sandbox import DEFAULT_AS_OF, DEFAULT_ORDERS

MEMBERS_PER_ORDER = 0.1
FEWEST_ORDERS = 100
FEWEST_MEMBERS = 10
HISTORY_DAYS = 549  # about 18 months
PRODUCTS = 240
CAMPAIGN_CODE = "autumn_care"
CAMPAIGN_DAYS_BEFORE_END = 45
CAMPAIGN_WINDOWS = (7, 14, 30)
TREATMENT_SHARE = 0.9
EXTRA_ORDER_RATE = 0.12  # treated persons whom the campaign makes buy once more, within six days
LONGEST_REFUND_DAYS = 45
SUPPLEMENT_REPEATS = 20
WORLD_MEMORY = "3GB"

Column = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class World:
    """What the world is drawn from. `as_of` is the last day with orders, inclusive, in Asia/Shanghai."""

    orders: int
    members: int
    seed: int
    as_of: date

    @property
    def first_day(self) -> date:
        """The first day on which an order can be placed."""
        return self.as_of - timedelta(days=HISTORY_DAYS - 1)


def generate_order_log(
    folder: Path,
    *,
    orders: int = DEFAULT_ORDERS,
    members: int | None = None,
    seed: int = 1,
    as_of: date = DEFAULT_AS_OF,
) -> dict[str, Any]:
    """Write the export files of the shops `mini_program` and `tmall_shop`, and `truth.json`, into `folder`.

    Args:
        folder: Made when absent; files of an earlier run are overwritten.
        orders: Orders placed in both shops together, dirty ones included; at least 100.
        members: Customers of both shops together, at least 10; a tenth of `orders` when None.
        seed: Equal seeds (and sizes and dates) give equal bytes.
        as_of: Last day with orders, inclusive. Refunds that would fall later do not exist yet.

    Returns:
        What `truth.json` holds: counts, and amounts in fen, computed from the world and not from the files.

    Raises:
        UsageError: The world asked for is too small to hold every kind of row.
    """
    if members is None:
        members = max(FEWEST_MEMBERS, round(orders * MEMBERS_PER_ORDER))
    size = World(orders=orders, members=members, seed=seed, as_of=as_of)
    if size.orders < FEWEST_ORDERS or size.members < FEWEST_MEMBERS:
        raise UsageError(
            f"an order log of {size.orders} orders and {size.members} members",
            expected=f"at least {FEWEST_ORDERS} orders and {FEWEST_MEMBERS} members",
            do="ask for more",
        )
    # A file to spill to: ten million orders do not fit into the memory of a small machine.
    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(Path(scratch) / "world.duckdb", config={"memory_limit": WORLD_MEMORY}) as connection,
    ):
        _draw(connection, size)
        connection.execute("set variable first_day = $day", {"day": size.first_day})
        connection.execute("set variable as_of = $day", {"day": size.as_of})
        connection.execute("set variable campaign = $code", {"code": CAMPAIGN_CODE})
        connection.execute(WORLD_SQL)
        connection.execute(SHOP_SQL)
        files = _write_files(connection, folder)
        truth = _truth(connection, size, files)
    (folder / "truth.json").write_text(
        json.dumps(truth, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return truth


# Drawing: numpy decides every random thing, as columns of integers that SQL then puts into words.


def _draw(connection: duckdb.DuckDBPyConnection, size: World) -> None:
    generator = np.random.default_rng(size.seed)
    members = _draw_members(generator, size)
    orders = _draw_orders(generator, size, members)
    products = _draw_products(generator)
    lines = _draw_lines(generator, orders["order_index"], products)
    for name, columns in (("members", members), ("orders", orders), ("products", products), ("lines", lines)):
        connection.register("drawn", columns)
        connection.table("drawn").create(f"drawn_{name}")
        connection.unregister("drawn")


def _draw_members(generator: np.random.Generator, size: World) -> dict[str, Column]:
    """Three of five members belong to the mini program; they join all along, more of them early."""
    member = np.arange(size.members)
    is_mini = member % 5 < 3
    joined_day = np.floor((HISTORY_DAYS - 30) * generator.random(size.members) ** 1.6).astype(np.int32)
    campaign_day = HISTORY_DAYS - 1 - CAMPAIGN_DAYS_BEFORE_END
    is_assigned = is_mini & (joined_day < campaign_day)
    is_treated = is_assigned & (generator.random(size.members) < TREATMENT_SHARE)
    return {
        "member_index": member,
        "is_mini": is_mini,
        "joined_day": joined_day,
        "weight": generator.gamma(0.8, size=size.members),
        "is_assigned": is_assigned,
        "is_treated": is_treated,
        "is_moved": is_treated & (generator.random(size.members) < EXTRA_ORDER_RATE),
        "enrolled_after_days": np.where(
            generator.random(size.members) < 0.8, generator.integers(0, 10, size.members), -1
        ),
        "birth_day": np.where(
            generator.random(size.members) < 0.9, generator.integers(0, 14_000, size.members), -1
        ),
        "province": generator.integers(0, 12, size.members),
    }


def _draw_orders(
    generator: np.random.Generator, size: World, members: dict[str, Column]
) -> dict[str, Column]:
    """Orders that would have been placed anyway, then those that the campaign caused (`is_extra`)."""
    moved = members["member_index"][members["is_moved"]][: size.orders // 4]
    base = size.orders - len(moved)
    shares = np.cumsum(members["weight"])
    buyer = np.searchsorted(shares, generator.random(base) * shares[-1], side="right")
    member = np.concatenate([np.minimum(buyer, size.members - 1), moved])

    # A day is drawn from the shop's calendar, cut off before the member joined.
    calendar = np.cumsum(_day_weights(size))
    calendar /= calendar[-1]
    joined = members["joined_day"][member]
    before = np.where(joined > 0, calendar[joined - 1], 0.0)
    day = np.searchsorted(calendar, before + generator.random(size.orders) * (1 - before), side="right")
    day = np.clip(day, 0, HISTORY_DAYS - 1)
    day[0] = (
        HISTORY_DAYS - 1
    )  # always an order on the last day: readers take the newest order's date as as-of
    is_extra = np.arange(size.orders) >= base
    campaign_day = HISTORY_DAYS - 1 - CAMPAIGN_DAYS_BEFORE_END
    day[is_extra] = campaign_day + 1 + generator.integers(0, 6, len(moved))

    fate = generator.random(size.orders)
    fate[0] = 0.0
    fate[is_extra] = 0.0
    return {
        "order_index": np.arange(size.orders),
        "member_index": member,
        "is_anonymous": (generator.random(size.orders) < 0.06) & ~is_extra,
        "is_extra": is_extra,
        "ordered_second": day.astype(np.int64) * 86_400
        + 28_800
        + np.floor(57_600 * generator.beta(2.0, 1.5, size.orders)).astype(np.int64),
        "payment_delay": np.minimum(generator.exponential(400, size.orders), 1_800).astype(np.int64),
        "is_paid": fate < 0.93,
        "is_cancelled": fate >= 0.96,
        "discount_percent": generator.choice([0, 0, 0, 0, 5, 10], size.orders),
        "refund_kind": generator.choice(3, size.orders, p=[0.91, 0.04, 0.05]),  # none, whole order, one line
        "refund_delay": generator.integers(3_600, LONGEST_REFUND_DAYS * 86_400, size.orders),
        "refund_pick": generator.random(size.orders),
    }


def _day_weights(size: World) -> Column:
    """How busy each day is: growth, weekends, 6.18 and 11.11."""
    days = [size.first_day + timedelta(days=offset) for offset in range(HISTORY_DAYS)]
    growth = np.linspace(1.0, 1.4, HISTORY_DAYS)
    weekend = np.array([1.3 if day.weekday() >= 5 else 1.0 for day in days])
    festival = np.array([{(6, 18): 4.0, (11, 11): 7.0}.get((day.month, day.day), 1.0) for day in days])
    return np.asarray(growth * weekend * festival)


def _draw_products(generator: np.random.Generator) -> dict[str, Column]:
    yuan = np.round(generator.lognormal(4.6, 0.7, PRODUCTS))
    price = np.maximum(990, yuan * 100 - 10).astype(np.int64)
    return {
        "product_index": np.arange(PRODUCTS),
        "list_price": price,
        "unit_cost": np.floor(price * generator.uniform(0.3, 0.6, PRODUCTS)).astype(np.int64),
        "popularity": 1.0 / (1 + np.arange(PRODUCTS)) ** 0.6,
    }


def _draw_lines(
    generator: np.random.Generator, orders: Column, products: dict[str, Column]
) -> dict[str, Column]:
    """One to four lines an order."""
    per_order = 1 + generator.binomial(3, 0.35, len(orders))
    order = np.repeat(orders, per_order)
    first_of_order = np.repeat(np.cumsum(per_order) - per_order, per_order)
    shares = np.cumsum(products["popularity"])
    product = np.searchsorted(shares, generator.random(len(order)) * shares[-1], side="right")
    return {
        "order_index": order,
        "line_number": np.arange(len(order)) - first_of_order + 1,
        "line_count": np.repeat(per_order, per_order),
        "product_index": np.minimum(product, PRODUCTS - 1),
        "quantity": np.minimum(generator.geometric(0.7, len(order)), 9),
    }


# The world in words: tables that hold what happened, whole, with amounts in fen.

WORLD_SQL = """
create macro first_day() as getvariable('first_day');
create macro as_of() as getvariable('as_of');
create macro day_end(day) as day + interval '86399 seconds';
create macro local_time(seconds) as cast(first_day() as timestamp) + to_seconds(seconds);
create macro province_name(place) as
    ['广东省', '上海', '浙江省', '江苏省', '北京', '四川省', '湖北省', '山东省', '福建省', '湖南省', '陕西省',
     '广西壮族自治区'][place + 1];

create table members as
select
    member_index,
    if(is_mini, 'mini_program', 'tmall_shop') as channel_code,
    if(is_mini, 'C', 'tb_') || lpad(cast(member_index as varchar), 8, '0') as customer_id,
    '139' || lpad(cast(member_index * 7919 % 100000000 as varchar), 8, '0') as phone,
    ['王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴'][member_index % 10 + 1]
    || ['伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '洋', '艳', '勇'][member_index % 11 + 1] as full_name,
    if(birth_day < 0, null, date '1968-01-01' + cast(birth_day as integer)) as birth_date,
    province_name(province) as province,
    local_time(joined_day * 86400 + 60) as added_at,
    if(
        enrolled_after_days < 0 or joined_day + enrolled_after_days >= as_of() - first_day(),
        null,
        local_time((joined_day + enrolled_after_days) * 86400 + 3600)
    ) as enrolled_at,
    is_assigned,
    is_treated
from drawn_members
order by member_index;

create table marked_orders as
with paid_ones as (
    select order_index, is_mini, row_number() over (partition by is_mini order by order_index) as place
    from drawn_orders
    inner join drawn_members using (member_index)
    where is_paid and not is_extra and order_index > 0
)
select order_index, case when is_mini then 'test' when place = 3 then 'brushing' else 'repriced' end as mark
from paid_ones
where (is_mini and place = 3) or (not is_mini and place in (3, 5));

create table lines as
select
    drawn_lines.order_index,
    drawn_lines.line_number,
    drawn_lines.line_count,
    if(mark = 'test', 'TEST-001', 'P' || lpad(cast(product_index as varchar), 4, '0')) as product_id,
    if(mark = 'test', '测试商品', '商品' || lpad(cast(product_index as varchar), 4, '0')) as product_name,
    ['护肤', '彩妆', '洗护', '香氛'][product_index % 4 + 1] as category,
    quantity,
    list_price,
    list_price * (100 - discount_percent) // 100 as unit_price,
    unit_cost
from drawn_lines
inner join drawn_products using (product_index)
inner join drawn_orders using (order_index)
left join marked_orders using (order_index)
order by drawn_lines.order_index, drawn_lines.line_number;

create table orders as
with goods as (
    select
        order_index,
        sum(quantity * unit_price) as goods,
        sum(quantity * (list_price - unit_price)) as discount
    from lines
    group by order_index
)
select
    order_index,
    channel_code,
    member_index,
    if(channel_code = 'mini_program',
        'MP' || strftime(local_time(ordered_second), '%Y%m%d') || lpad(cast(order_index as varchar), 8, '0'),
        '3100' || lpad(cast(order_index * 7 + 3 as varchar), 14, '0')) as order_id,
    if(is_anonymous, null, customer_id) as customer_id,
    province,
    local_time(ordered_second) as ordered_at,
    if(is_paid, least(local_time(ordered_second + payment_delay), day_end(as_of())), null) as paid_at,
    if(is_cancelled, least(local_time(ordered_second + 86400), day_end(as_of())), null)
        as cancelled_at,
    cast(goods + if(goods < 9900, 800, 0) - if(mark = 'repriced', 100, 0) as bigint) as paid_amount,
    cast(discount as bigint) as discount_amount,
    if(goods < 9900, 800, 0) as freight_amount,
    mark,
    is_extra,
    refund_kind,
    refund_delay,
    refund_pick
from drawn_orders
inner join goods using (order_index)
inner join members using (member_index)
left join marked_orders using (order_index)
order by order_index;

create table refunds as
with due as (
    select *, paid_at + to_seconds(refund_delay) as refunded_at
    from orders
    where paid_at is not null and mark is null and refund_kind > 0
)
select
    'R' || lpad(cast(due.order_index as varchar), 9, '0') as refund_id,
    due.channel_code,
    due.order_index,
    due.order_id,
    due.customer_id,
    if(refund_kind = 1, null, product_id) as product_id,
    if(refund_kind = 1, null, 1 + cast(floor(refund_pick * quantity) as bigint)) as quantity,
    if(refund_kind = 1, null, unit_price) as unit_price,
    if(refund_kind = 1, paid_amount, (1 + cast(floor(refund_pick * quantity) as bigint)) * unit_price)
        as refund_amount,
    refunded_at,
    ['七天无理由', '质量问题', '少件漏发'][due.order_index % 3 + 1] as reason
from due
inner join lines
    on due.order_index = lines.order_index
    and lines.line_number = 1 + cast(floor(refund_pick * lines.line_count) as bigint)
where refunded_at < as_of() + interval '1 day'
order by refunded_at, due.order_index;

create table touches as
select
    'T' || lpad(cast(member_index as varchar), 8, '0') as touch_id,
    member_index,
    customer_id,
    if(is_treated, 'treatment', 'holdout') as arm,
    as_of() - 45 + interval '10 hours' as touched_at
from members
where is_assigned
order by member_index;

create table costs as
with months as (
    select cast(unnest(generate_series(
        date_trunc('month', first_day()) + interval '1 month', as_of(), interval '1 month'
    )) as date) as cost_date
),
kinds as (
    select * from (values
        ('mini_program', 'media', 'acquisition', 300000),
        ('mini_program', 'staff', 'retention', 1200000),
        ('mini_program', 'gift', 'acquisition', 80000),
        ('mini_program', 'gift', 'retention', 50000),
        ('tmall_shop', 'media', 'acquisition', 900000),
        ('tmall_shop', 'commission', 'retention', 400000),
        ('tmall_shop', 'staff', 'retention', 600000)
    ) as kinds(channel_code, cost_type, cost_purpose, monthly)
)
select
    channel_code,
    concat_ws('-', strftime(cost_date, 'F%Y%m'), left(channel_code, 1), cost_type, cost_purpose) as cost_id,
    cost_date,
    cast(null as varchar) as campaign_code,
    cost_type,
    cost_purpose,
    monthly + day(last_day(cost_date)) * 137 as cost_amount
from months
cross join kinds
union all
select
    'mini_program', 'F-campaign', as_of() - 45, getvariable('campaign'), 'media', 'retention', 500000
order by cost_date, cost_id;
"""

# The shops' exports: one view per file, columns as that shop's system calls and writes them.

SHOP_SQL = """
create macro yuan(fen) as cast(cast(fen as decimal(18, 2)) / 100 as decimal(18, 2));
create macro clock(moment) as strftime(moment, '%Y-%m-%d %H:%M:%S');
create macro slashed(moment) as strftime(moment, '%Y/%m/%d %H:%M:%S');

create view mini_program_orders as
select
    order_id, customer_id as member_no,
    case when cancelled_at is not null then 'closed' when paid_at is not null then 'paid' else 'open' end
        as status,
    clock(ordered_at) as created_time, clock(paid_at) as pay_time, clock(cancelled_at) as close_time,
    cast(yuan(paid_amount) as varchar) as amount,
    yuan(discount_amount) as discount, yuan(freight_amount) as freight,
    province, if(mark = 'test', '测试订单', null) as remark,
    clock(coalesce(cancelled_at, paid_at, ordered_at)) as update_time
from orders where channel_code = 'mini_program'
union all by name
-- Somebody typed the letter O into a price: nobody can tell the amount, so nobody may count it.
select
    'MP' || strftime(as_of(), '%Y%m%d') || '99999999' as order_id, 'paid' as status,
    clock(as_of() + interval '9 hours') as created_time,
    clock(as_of() + interval '9 hours') as pay_time,
    '12,5O' as amount, yuan(0) as discount, yuan(0) as freight, '上海' as province,
    clock(as_of() + interval '9 hours') as update_time;

create view mini_program_order_lines as
select
    order_id, line_number as line_no, orders.customer_id as member_no, product_id, product_name, category,
    quantity, yuan(unit_price) as unit_price, yuan(quantity * unit_price) as line_amount,
    yuan(unit_cost) as unit_cost, ordered_at as created_time, paid_at as pay_time,
    coalesce(cancelled_at, paid_at, ordered_at) as update_time
from lines inner join orders using (order_index)
where channel_code = 'mini_program' order by order_index, line_number;

create view mini_program_refunds as
select
    refund_id, order_id, customer_id as member_no, product_id, quantity, yuan(unit_price) as unit_price,
    yuan(refund_amount) as refund_amount, clock(refunded_at) as refund_time, reason
from refunds where channel_code = 'mini_program';

create view mini_program_members as
select
    customer_id as "会员号", phone as "手机号", full_name as "姓名", birth_date as "生日", province as "省份",
    clock(enrolled_at) as "入会时间", clock(added_at) as "添加好友时间",
    clock(greatest(added_at, enrolled_at)) as "更新时间"
from members where channel_code = 'mini_program';

create view mini_program_touches as
select
    touch_id, customer_id as member_no,
    getvariable('campaign') as campaign, '秋季护肤关怀' as campaign_name, arm,
    if(arm = 'holdout', 1, 0) as is_holdout, if(arm = 'holdout', 0.1, 0.9) as planned_share,
    clock(touched_at) as touch_time
from touches;

create view tmall_exports as
select
    order_index,
    order_id as "订单编号", customer_id as "买家ID",
    case when cancelled_at is not null then '交易关闭' when paid_at is not null then '买家已付款'
        else '等待买家付款' end as "订单状态",
    '￥' || format('{:,.2f}', cast(paid_amount + if(mark = 'repriced', 100, 0) as double) / 100) as "总金额",
    province as "收货地址 ", slashed(ordered_at) as "订单创建时间", slashed(paid_at) as "订单付款时间 ",
    slashed(cancelled_at) as "订单关闭时间", if(mark = 'brushing', '刷单', null) as "卖家备注",
    slashed(coalesce(cancelled_at, paid_at, ordered_at)) as "更新时间",
    mark, paid_amount, paid_at
from orders where channel_code = 'tmall_shop';

create view tmall_shop_orders as
select * exclude (order_index, mark, paid_amount, paid_at) from tmall_exports order by order_index;

-- A second export: some of the same orders over again, and one whose price was lowered by 1 yuan afterwards.
create view tmall_shop_orders_again as
with again as (
    select *, row_number() over (partition by mark is null order by order_index) as place from tmall_exports
)
select * exclude (order_index, mark, paid_amount, paid_at, place) replace (
    if(mark = 'repriced', '￥' || format('{:,.2f}', cast(paid_amount as double) / 100), "总金额") as "总金额",
    if(mark = 'repriced', slashed(paid_at + interval '1 hour'), "更新时间") as "更新时间"
)
from again where mark = 'repriced' or (mark is null and place <= 20) order by order_index;

create view tmall_shop_order_lines as
select
    order_id as "订单编号", line_number as "行号", orders.customer_id as "买家ID", product_id as "商品编码",
    product_name as "商品名称", category as "类目", quantity as "数量", yuan(unit_price) as "单价",
    yuan(quantity * unit_price) as "金额", yuan(unit_cost) as "单位成本",
    slashed(ordered_at) as "订单创建时间",
    slashed(paid_at) as "订单付款时间", slashed(coalesce(cancelled_at, paid_at, ordered_at)) as "更新时间"
from lines inner join orders using (order_index)
where channel_code = 'tmall_shop' order by order_index, line_number;

create view tmall_shop_refunds as
select
    refund_id as "退款编号", order_id as "订单编号", customer_id as "买家ID", product_id as "商品编码",
    quantity as "数量", yuan(unit_price) as "单价", yuan(refund_amount) as "退款金额",
    slashed(refunded_at) as "退款时间", reason as "退款原因"
from refunds where channel_code = 'tmall_shop';

create view mini_program_costs as
select
    cost_id as "费用编号", cost_date as "日期", campaign_code as "活动", cost_type as "类型",
    cost_purpose as "用途", yuan(cost_amount) as "金额"
from costs where channel_code = 'mini_program';

create view tmall_shop_costs as
select
    cost_id as "费用编号", cost_date as "日期", campaign_code as "活动", cost_type as "类型",
    cost_purpose as "用途", yuan(cost_amount) as "金额"
from costs where channel_code = 'tmall_shop';
"""

# View → file, options of its CSV or JSON, and the encoding it ends in.
CSV_FILES = {
    "mini_program_orders": ("mini_program/orders.csv", "utf-8"),
    "mini_program_members": ("mini_program/members.csv", "utf-8-sig"),
    "tmall_shop_orders": ("tmall_shop/orders.csv", "gb18030"),
    "tmall_shop_orders_again": ("tmall_shop/orders_again.csv", "gb18030"),
    "tmall_shop_refunds": ("tmall_shop/refunds.csv", "utf-8"),
}
WORKBOOKS = {"mini_program_costs": "mini_program/costs.xlsx", "tmall_shop_costs": "tmall_shop/costs.xlsx"}
COPY_PARQUET = "copy (from mini_program_order_lines) to $path (format parquet, compression zstd)"
COPY_JSON_LINES = "copy (from mini_program_refunds) to $path (format json)"
COPY_TABS = "copy (from mini_program_touches) to $path (format csv, header true, delimiter '\t')"
COPY_GZIP = "copy (from tmall_shop_order_lines) to $path (format csv, header true, compression gzip)"


def _write_files(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    """Write every export; rows of data per file, by its name inside `folder`."""
    rows: dict[str, int] = {}
    for shop in ("mini_program", "tmall_shop"):
        (folder / shop).mkdir(parents=True, exist_ok=True)
    for view, (name, encoding) in CSV_FILES.items():
        rows[name] = _write_csv(connection, view, folder / name, encoding)
    for statement, view, name in (
        (COPY_PARQUET, "mini_program_order_lines", "mini_program/order_lines.parquet"),
        (COPY_JSON_LINES, "mini_program_refunds", "mini_program/refunds.jsonl"),
        (COPY_TABS, "mini_program_touches", "mini_program/touches.tsv"),
        (COPY_GZIP, "tmall_shop_order_lines", "tmall_shop/order_lines.csv.gz"),
    ):
        connection.execute(statement, {"path": str(folder / name)})
        rows[name] = _count(connection, view)
    for view, name in WORKBOOKS.items():
        rows[name] = _write_workbook(connection.table(view), folder / name)
    return rows


def _write_csv(connection: duckdb.DuckDBPyConnection, view: str, path: Path, encoding: str) -> int:
    """DuckDB writes UTF-8 only, so another encoding is a second pass over the text."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.csv"
        connection.table(view).write_csv(str(plain), header=True)
        with (
            plain.open(encoding="utf-8", newline="") as source,
            path.open("w", encoding=encoding, newline="") as target,
        ):
            shutil.copyfileobj(source, target, 1 << 20)
    return _count(connection, view)


def _write_workbook(rows: duckdb.DuckDBPyRelation, path: Path) -> int:
    """Write one sheet, then drop the moment of writing from the file, so that equal rows give equal bytes."""
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(rows.columns)
    records = rows.fetchall()
    for record in records:
        sheet.append(list(record))
    with tempfile.TemporaryDirectory() as scratch:
        stamped = Path(scratch) / "stamped.xlsx"
        workbook.save(stamped)
        with zipfile.ZipFile(stamped) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == "docProps/core.xml":
                    content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", content)
                target.writestr(zipfile.ZipInfo(entry.filename), content, zipfile.ZIP_DEFLATED)
    return len(records)


def _count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    return int(connection.table(view).count("*").fetchall()[0][0])


# The truth, from the world's own tables.

TRUTH_SQL = """
with refunded as (
    select order_index, sum(refund_amount) as refunded from refunds group by order_index
),
real_orders as (
    select
        orders.*,
        coalesce(refunded, 0) as refunded,
        paid_at is not null and coalesce(refunded, 0) < paid_amount as is_valid
    from orders
    left join refunded using (order_index)
    where mark is null or mark = 'repriced'
)
select
    channel_code,
    count(*) as orders_placed,
    count(paid_at) as orders_paid,
    count(cancelled_at) as orders_cancelled,
    count(*) filter (where is_valid) as orders_valid,
    count(*) filter (where paid_at is not null and customer_id is null) as orders_paid_without_customer,
    sum(paid_amount) filter (where paid_at is not null) as gmv_fen,
    sum(refunded) as refunded_fen,
    sum(paid_amount - refunded) filter (where paid_at is not null) as net_fen,
    count(*) filter (where refunded > 0) as orders_refunded,
    count(*) filter (where paid_at is not null and refunded >= paid_amount) as orders_refunded_in_full,
    count(distinct customer_id) filter (where is_valid) as buyers,
    count(distinct customer_id) filter (where is_valid and paid_at >= $as_of - 29) as buyers_30d,
    count(distinct customer_id) filter (where is_valid and paid_at >= $as_of - 89) as buyers_90d,
    count(distinct customer_id) filter (where is_valid and paid_at >= $as_of - 364) as buyers_365d
from real_orders
group by channel_code
order by channel_code
"""

COSTS_SQL = """
select channel_code, cost_type || '_' || cost_purpose as kind, sum(cost_amount) as fen
from costs group by channel_code, kind order by channel_code, kind
"""

DIRTY_SQL = """
select mark, order_id, channel_code, paid_amount from orders where mark is not null order by mark
"""

# `caused` is known here and nowhere else: treated persons who bought a valid order because of the campaign
# and none that they would have placed anyway.
CAMPAIGN_SQL = """
with refunded as (
    select order_index, sum(refund_amount) as refunded from refunds group by order_index
),
heads as (
    select
        arm,
        touches.member_index,
        coalesce(sum(paid_amount - coalesce(refunded, 0)), 0) as net,
        coalesce(sum(paid_amount - coalesce(refunded, 0)) filter (where is_extra), 0) as extra_net,
        count(orders.order_index) as orders,
        count(orders.order_index) filter (where is_extra) as extra_orders
    from touches
    left join (orders left join refunded using (order_index))
        on touches.member_index = orders.member_index
        and orders.customer_id is not null
        and (orders.mark is null or orders.mark = 'repriced')
        and orders.paid_at >= touched_at
        and orders.paid_at < touched_at + to_days($days)
        and coalesce(refunded, 0) < paid_amount
    group by arm, touches.member_index
)
select
    arm,
    count(*) as persons,
    count(*) filter (where orders > 0) as converted,
    count(*) filter (where orders = extra_orders and extra_orders > 0) as caused,
    cast(sum(net) as bigint) as net_fen,
    cast(sum(extra_net) as bigint) as caused_net_fen
from heads
group by arm
order by arm
"""


def _rows(connection: duckdb.DuckDBPyConnection, query: str, **values: object) -> list[dict[str, Any]]:
    result = connection.execute(query, values or None)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, record, strict=True)) for record in result.fetchall()]


def _truth(connection: duckdb.DuckDBPyConnection, size: World, files: dict[str, int]) -> dict[str, Any]:
    channels = {
        str(row.pop("channel_code")): {name: int(value or 0) for name, value in row.items()}
        for row in _rows(connection, TRUTH_SQL, as_of=size.as_of)
    }
    costs: dict[str, dict[str, int]] = {}
    for row in _rows(connection, COSTS_SQL):
        costs.setdefault(row["channel_code"], {})[row["kind"]] = int(row["fen"])
    windows = {}
    for days in CAMPAIGN_WINDOWS:
        arms = {row.pop("arm"): row for row in _rows(connection, CAMPAIGN_SQL, days=days)}
        treated = arms.get("treatment", {"persons": 0, "caused": 0, "caused_net_fen": 0})
        windows[str(days)] = {
            "arms": arms,
            "true_uplift_rate": treated["caused"] / max(treated["persons"], 1),
            "true_uplift_net_fen_per_head": treated["caused_net_fen"] / max(treated["persons"], 1),
        }
    touched_at = datetime.combine(size.as_of, datetime.min.time(), tzinfo=UTC) - timedelta(
        days=CAMPAIGN_DAYS_BEFORE_END
    )
    return {
        "world": asdict(size) | {"as_of": size.as_of.isoformat()},
        "first_day": size.first_day.isoformat(),
        "as_of": size.as_of.isoformat(),
        "files": files,
        "channels": channels,
        "total": {name: sum(row[name] for row in channels.values()) for name in channels["mini_program"]},
        "costs_fen": costs,
        "dirty": {
            "quarantined_rows": 1,
            "orders_exported_again": SUPPLEMENT_REPEATS,
            "marked_orders": _rows(connection, DIRTY_SQL),
        },
        "campaign": {
            "campaign_code": CAMPAIGN_CODE,
            "touched_date": touched_at.date().isoformat(),
            "treatment_share": TREATMENT_SHARE,
            "extra_order_rate": EXTRA_ORDER_RATE,
            "windows_days": windows,
        },
    }
