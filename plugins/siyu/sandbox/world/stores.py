"""What stores count: goods received and on hand, persons at the door, targets and costs."""

import numpy as np

from siyu.sandbox.world.calendar import busyness
from siyu.sandbox.world.draft import LEAD_DAYS, Array, World, ranges
from siyu.sandbox.world.organisation import Organisation
from siyu.sandbox.world.products import Products

SHELF = 3  # pieces of an article a store wants to have at a month's end, at most


def draw_stores(world: World, organisation: Organisation, products: Products) -> None:
    """Tables stock_receipts, stock_counts, footfall, targets, costs."""
    _draw_stock(world, organisation, products)
    _draw_footfall(world, organisation)
    world.sql(TABLES)


def _draw_stock(world: World, organisation: Organisation, products: Products) -> None:
    """Month by month: deliver on the first what will be sold and what the shelf wants, unless it is to run out."""
    draws, preset = world.draws("stock"), world.preset
    world.sql(MOVEMENTS)
    months = world.get("select month, first_day, last_day from draft.months order by month")
    moved = world.get("""
        select store_id, sku_id, month, sold, returned from draft.movements order by store_id, sku_id, month
    """)
    articles = preset.styles * products.per_style
    store, number = ranges(np.full(preset.stores, preset.styles_per_store * products.per_style))
    style = ((store + 1) * 37 + number // products.per_style) % preset.styles
    held = (store + 1) * np.int64(articles) + style * products.per_style + number % products.per_style
    moved_key = moved["store_id"] * np.int64(articles) + moved["sku_id"] - 1
    key = np.unique(np.concatenate([held, moved_key]))
    row = np.searchsorted(key, moved_key)
    store_id, sku_id = key // articles, key % articles + 1
    opened, closed = organisation.opened[store_id - 1], organisation.closed[store_id - 1]
    runs_out = draws.random(len(key)) < preset.odd_size_share
    retired = products.retired[key % articles // products.per_style]
    on_hand = np.zeros(len(key), dtype=np.int64)
    for month, first, last in zip(*months.values(), strict=True):
        now = moved["month"] == month
        sold, returned = np.zeros(len(key), dtype=np.int64), np.zeros(len(key), dtype=np.int64)
        sold[row[now]] = moved["sold"][now]
        returned[row[now]] = moved["returned"][now]
        trades = (opened <= last) & (closed > first)
        wanted = draws.integers(1, SHELF + 1, len(key))
        wanted = np.where(runs_out | (retired <= first), 0, wanted)
        received = np.where(trades | (sold > on_hand), np.maximum(sold + wanted - on_hand, 0), 0)
        on_hand = on_hand + received - sold + returned
        got = np.flatnonzero(received)
        has = np.flatnonzero(trades | (on_hand > 0))
        world.add(
            "stock_receipts",
            {
                "store_id": store_id[got], "sku_id": sku_id[got], "day": np.full(len(got), first),
                "quantity": received[got],
            },
        )  # fmt: skip
        world.add(
            "stock_counts",
            {
                "store_id": store_id[has], "sku_id": sku_id[has], "day": np.full(len(has), last),
                "quantity": on_hand[has],
            },
        )  # fmt: skip


def _draw_footfall(world: World, organisation: Organisation) -> None:
    draws = world.draws("footfall")
    weight = busyness(world)[LEAD_DAYS:]
    store, number = ranges(np.full(world.preset.stores, world.days))
    day = world.first_day + number
    trades = (organisation.opened[store] <= day) & (day < organisation.closed[store])
    store, day, number = store[trades], day[trades], number[trades]
    visitors = draws.poisson(
        world.preset.visitors_per_day * weight[number] * _size_of(organisation.area)[store]
    )
    world.put(
        "footfall",
        {
            "store_id": store + 1,
            "day": day,
            "visitors": visitors,
            "passers_by": visitors * 6 + draws.integers(0, 200, len(store)),
        },
    )


def _size_of(area: Array) -> Array:
    return np.asarray(area / area.mean())


MOVEMENTS = """
-- Pieces leave a store when it sells them itself, and come back with the goods of a refund.
create table draft.movements as
with store_orders as (
    select order_id, store_id, paid as moment from draft.orders
    where channel in (0, 3) and paid < getvariable('world_end')
),
moves as (
    select store_id, sku_id, shanghai_day(moment) as day, quantity as sold, 0 as returned
    from draft.order_lines join store_orders using (order_id)
    union all
    select store_id, sku_id, shanghai_day(succeeded), 0, refunds.quantity
    from draft.refunds
    join store_orders using (order_id)
    join (select order_id, line_no, sku_id from draft.order_lines) using (order_id, line_no)
    where succeeded < getvariable('world_end') and goods_back
)
select
    store_id, sku_id, date_trunc('month', day)::date as month, sum(sold)::bigint as sold,
    sum(returned)::bigint as returned
from moves group by store_id, sku_id, date_trunc('month', day);
"""

TABLES = """
create view world.stock_receipts as
select store_id, sku_id, on_day(day) as received_on, quantity from draft.stock_receipts;
create view world.stock_counts as
select store_id, sku_id, on_day(day) as counted_on, quantity from draft.stock_counts;

create table draft.store_days as
select store_id, shanghai_day(paid) as day, count(*) as receipts, sum(paid_amount) as paid from draft.orders
where channel in (0, 3) and paid < getvariable('world_end') group by store_id, shanghai_day(paid);
create view world.footfall as
select
    footfall.store_id, on_day(footfall.day) as counted_on, visitors + coalesce(receipts, 0) as visitors,
    passers_by + visitors + coalesce(receipts, 0) as passers_by
from draft.footfall
left join draft.store_days on store_days.store_id = footfall.store_id and store_days.day = on_day(footfall.day);

create view world.targets as
with measured as (
    select store_id, 'net_revenue_fen' as measure, 1 as salt, sum(paid) // (select count(*) from draft.months) as mean
    from draft.store_days group by store_id
    union all
    select store_id, 'new_members', 2, count(*) // (select count(*) from draft.months) + 1
    from draft.accounts join draft.persons using (person_id)
    where channel = 0 and registered >= getvariable('world_start') group by store_id
    union all
    select store + 1, 'new_friends', 3, count(*) // (select count(*) from draft.months) + 1
    from draft.contacts join draft.staff using (staff_id)
    where store >= 0 and started >= getvariable('world_start') group by store
)
select
    store_id, month as month_on, measure,
    cast(mean * (850 + dice(store_id * 31 + month(month) * 3 + year(month), salt) // 3) // 1000 as bigint) as target
from measured cross join draft.months
where dice(store_id * 37 + month(month) * 5 + year(month), salt + 40) >= 50;

create table draft.costs as
select month as day, 'rent' as cost_type, store_id, null as staff_id, null as campaign_id, null as account_id,
    1 as quantity, monthly_rent_fen as amount
from draft.months
join world.store_leases on valid_from_on <= month and (valid_to_on is null or valid_to_on > month)
union all
select month, 'wage', positive(store + 1), staff_id, null, null, 1,
    ([520000, 780000, 700000, 900000][role + 1] + dice(staff_id, 50) * 100) // if(half, 2, 1)
from draft.months join draft.staff on hired <= months.last_day and left_day > months.first_day
union all
select month, 'tool', null, null, null, null, 1, 300000 + getvariable('persons') * 5 from draft.months
union all
select shanghai_day(started), 'gift', positive(store + 1), staff_id, null, account_id, 1, 800 + dice(contact_id, 51)
from draft.contacts join draft.staff using (staff_id)
where started between getvariable('world_start') and getvariable('world_end') - 1 and entry = 0
    and dice(contact_id, 52) < 300
union all
select shanghai_day(starts), 'campaign', null, null, campaign_id, null, 1,
    50000 + 20 * (select count(*) from draft.campaign_members as m
        where m.campaign_id = campaigns.campaign_id and is_treated)
from draft.campaigns where tool < 3
union all
select cast(rewarded_at + interval 8 hour as date), 'referral_reward', null, null, campaign_id,
    inviter_account_id, 1, reward_fen
from world.referrals where reward_fen > 0;
create view world.costs as
select
    row_number() over (order by day, cost_type, store_id, staff_id, campaign_id, account_id, amount) as cost_id,
    greatest(day, on_day(getvariable('first_day'))) as booked_on, * rename (amount as amount_fen)
from draft.costs;
"""
