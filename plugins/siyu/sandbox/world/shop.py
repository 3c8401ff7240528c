"""What goes with shopping: membership, points, coupons, favourites, reviews, salesmen, followers and store visits."""

import numpy as np

from siyu.sandbox.world.accounts import FOLLOWER, TMALL, YOUZAN, Accounts
from siyu.sandbox.world.draft import NEVER, Array, World, waits

EVENTS_PER_ACCOUNT = 3.0


def draw_shop(world: World, accounts: Accounts, unfollowed: Array) -> None:
    """Tables of this theme. `unfollowed` is when each person leaves the official account."""
    draws = world.draws("shop")
    account = np.flatnonzero(np.isin(accounts.channel, (YOUZAN, TMALL))) + 1
    events = np.repeat(account, draws.poisson(EVENTS_PER_ACCOUNT, len(account)))
    from_ = np.maximum(accounts.registered[events - 1], world.start)
    happened = from_ + ((world.end - from_) * draws.random(len(events)) ** 1.5).astype(np.int64)
    skus = int(world.get("select count(*) as n from draft.skus")["n"][0])
    world.put(
        "shop_events",
        {
            "account_id": events,
            "happened": happened,
            "kind": np.searchsorted([0.5, 0.65, 0.9], draws.random(len(events))),
            "sku_id": draws.integers(1, skus + 1, len(events)),
        },
    )
    follower = np.flatnonzero(accounts.of[FOLLOWER] > 0)
    again = draws.random(len(follower)) < 0.1
    world.put(
        "follows",
        {
            "account_id": accounts.of[FOLLOWER, follower],
            "followed": accounts.since[FOLLOWER, follower],
            "unfollowed": unfollowed[follower],
            "again": np.where(again, unfollowed[follower] + waits(draws, 60, len(follower)) + 3_600, NEVER),
            "scene": draws.integers(0, 4, len(follower)),
        },
    )
    youzan = np.flatnonzero((accounts.channel == YOUZAN) & ~accounts.is_second) + 1
    chosen = youzan[draws.random(len(youzan)) < 0.01]
    above = np.where(draws.random(len(chosen)) < 0.4, np.arange(len(chosen)) // 2, 0)
    world.put(
        "salesmen",
        {
            "salesman_id": np.arange(1, len(chosen) + 1),
            "account_id": chosen,
            "registered": np.maximum(accounts.registered[chosen - 1], world.start) + 86_400,
            "from_id": above,
        },
    )
    world.sql(TABLES)


TABLES = """
create view world.shop_events as
select
    row_number() over (order by happened, account_id, sku_id, kind) as event_id, account_id,
        utc(happened) as happened_at,
    ['view', 'favourite', 'cart_add', 'cart_remove'][kind + 1] as kind, sku_id
from draft.shop_events where happened < getvariable('world_end');

create view world.follows as
select
    account_id, utc_ever(followed) as followed_at, utc(unfollowed) as unfollowed_at,
    pick('scenes', scene) as scene, if(scene = 0, 'qr' || padded(account_id % 100, 3), null) as qr_scene
from draft.follows
union all
select account_id, utc(again), null, 'ADD_SCENE_SEARCH', null
from draft.follows where again < getvariable('world_end');

create table draft.memberships as
select
    account_id, channel, joined,
    if(dice(account_id, 2) < 20, joined + (100 + dice(account_id, 3)) * 86400, never()) as left_after
from (
    select account_id, channel, registered + if(channel = 0, 0, 600 + dice(account_id, 4) * 200) as joined
    from draft.accounts
    where channel = 0 or (channel = 1 and dice(account_id, 1) < 700) or (channel = 2 and dice(account_id, 1) < 450)
)
where joined < getvariable('world_end');
create view world.memberships as
select account_id, utc_ever(joined) as joined_at, utc(left_after) as left_at from draft.memberships;

create view world.membership_levels as
with reached as (
    select account_id, joined as since, 1 as level from draft.memberships
    union all
    select account_id, paid, case place when 3 then 2 when 8 then 3 else 4 end
    from (
        select account_id, paid, row_number() over (partition by account_id order by paid, order_id) as place
        from draft.orders where paid < getvariable('world_end')
    )
    join draft.memberships using (account_id)
    where place in (3, 8, 20) and paid > joined
),
stays as (
    select
        *, lead(since) over (partition by account_id order by since, level) as until,
        max(level) over (
            partition by account_id order by since, level rows between unbounded preceding and 1 preceding
        ) as before
    from reached
)
select
    account_id, level, utc_ever(since) as valid_from_at,
    utc(least(coalesce(until, never()), left_after)) as valid_to_at
from stays join draft.memberships using (account_id)
where (before is null or level > before) and since < left_after;

-- Points are earned when an order is paid and taken back with a refund; only what can no longer be refunded is spent.
create table draft.earned as
select account_id, order_id, paid, cast(paid_amount // 100 as integer) as points
from draft.orders join draft.memberships using (account_id)
where paid < getvariable('world_end') and paid >= joined and orders.channel in (0, 1) and paid_amount >= 100;
create view world.points_log as
with taken as (
    select account_id, order_id, min(succeeded) as moment, least(sum(amount) // 100, any_value(points)) as points
    from draft.refunds join draft.earned using (order_id)
    where succeeded < getvariable('world_end') group by account_id, order_id
),
moves as (
    select account_id, paid as moment, points, 'order' as reason, order_id, paid + 365 * 86400 as expires
    from draft.earned
    union all
    select account_id, moment, -points, 'refund', order_id, null from taken where points > 0
    union all
    select account_id, paid + 4000000 + dice(order_id, 6) * 3600, -(points // 2), 'redeem', null, null
    from draft.earned anti join taken using (order_id)
    where dice(order_id, 5) < 100 and points > 1
    union all
    select account_id, joined + 86400 + dice(account_id, 8) * 4000, 5, 'sign_in', null, joined + 400 * 86400
    from draft.memberships where channel = 1 and dice(account_id, 7) < 300
)
select
    row_number() over (order by moment, account_id, reason, order_id, points) as points_id, account_id,
    utc(moment) as changed_at, points, reason, order_id, utc_ever(expires) as expires_at
from moves where moment < getvariable('world_end');

create table draft.coupon_batches as
select 1 as coupon_batch_id, '满99减10' as title, 1000 as value, 9900 as threshold
union all select 2, '满199减20', 2000, 19900
union all select 3, '满399减50', 5000, 39900;
create view world.coupon_batches as
select
    coupon_batch_id, title, value as value_fen, threshold as threshold_fen, 10000000 as total_quantity,
    null as campaign_id, 30 as valid_days, on_day(getvariable('first_day') - 60) as starts_at,
    on_day(getvariable('end_day') + 365) as ends_at
from draft.coupon_batches;
create view world.coupons as
select
    coupon_id, coupon_kind as coupon_batch_id, account_id, utc_ever(taken) as taken_at,
    utc_ever(taken + 30 * 86400) as expires_at, utc(paid) as used_at,
    if(utc(paid) is not null, order_id, null) as order_id
from draft.used_coupons
union all  -- never used
select
    (select coalesce(max(coupon_id), 0) from draft.used_coupons) + row_number() over (order by account_id),
    account_id % 3 + 1, account_id, utc(moment), utc_ever(moment + 30 * 86400), null, null
from (
    select account_id, greatest(registered, getvariable('world_start')) + dice(account_id, 10) * 20000 as moment
    from draft.accounts where channel = 1 and dice(account_id, 9) < 600
)
where moment < getvariable('world_end');

create view world.reviews as
select
    row_number() over (order by moment, order_id, line_no) as review_id, order_id, line_no,
    utc(moment) as created_at, ['good', 'neutral', 'bad'][mood + 1] as result,
    if(mood = 0, pick('good_reviews', order_id), pick('bad_reviews', order_id)) as content,
    utc(if(mood > 0, moment + 40000, never())) as replied_at,
    utc(if(dice(order_id, 14) < 60, moment + 20 * 86400, never())) as appended_at
from (
    select
        order_id, line_no, finished + dice(order_id, 12) * 600 as moment,
        greatest(dice(order_id * 7 + line_no, 13) // 50 - 17, 0) as mood  -- nine of ten are good
    from draft.order_lines join draft.orders using (order_id)
    where channel in (1, 2) and dice(order_id * 7 + line_no, 11) < 150
)
where moment < getvariable('world_end');

create view world.salesmen as
select
    salesman_id, account_id, opaque('slr', salesman_id) as seller_code, utc(registered) as registered_at,
    if(from_id > 0 and from_id < salesman_id, from_id, null) as from_salesman_id
from draft.salesmen where registered < getvariable('world_end');
create view world.salesman_orders as
select
    order_id, salesman_id, paid_amount // 10 as commission_fen,
    if(from_salesman_id is null, 0, paid_amount // 20) as upper_commission_fen,
    utc(finished + 7 * 86400) as settled_at
from (
    select order_id, paid, finished, paid_amount, 1 + order_id % (select count(*) from draft.salesmen) as salesman_id
    from draft.orders
    where channel = 1 and dice(order_id, 15) < 40 and paid < getvariable('world_end')
)
join draft.salesmen as seller using (salesman_id)
join world.salesmen using (salesman_id)
where seller.registered < paid;

create table draft.visits as
select orders.account_id, store_id, created - 1200 as moment, null as service_task_id, order_id, null as reason
from draft.orders
where channel = 0 and account_id > 0 and paid < getvariable('world_end') and dice(order_id, 16) < 300
union all
select pos_account, store_id, accepted, service_task_id, null, dice(service_task_id, 17) % 4
from draft.services
where step > 1 and pos_account > 0 and not coalesce(refunded < done, false) and accepted < getvariable('world_end')
union all
select
    account_id, store_id, moment // 86400 * 86400 + 14400 + dice(account_id, 20) * 20, null, null,
    dice(account_id, 19) % 4
from (
    select account_id, store_id, registered + (10 + dice(account_id, 18)) * 86400 as moment
    from draft.accounts join draft.persons using (person_id) where channel = 0 and dice(account_id, 21) < 600
);
create view world.visits as
select
    row_number() over (order by moment, account_id, service_task_id, order_id) as visit_id, account_id, store_id,
    utc(moment) as visited_at, service_task_id, order_id,
    ['price', 'style', 'no_need', 'unknown'][reason + 1] as no_sale_reason
from draft.visits where moment between getvariable('world_start') and getvariable('world_end') - 1;
"""
