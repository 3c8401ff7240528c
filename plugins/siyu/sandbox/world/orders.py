"""Orders whole: what is in them, what they cost to the fen, how they are paid, sent, returned and refunded.

Everything is decided here as columns of integers, batch by batch, so that memory stays flat; SQL puts it into words.
"""

from dataclasses import dataclass

import numpy as np

from siyu.sandbox.world.accounts import POS, TMALL, WECOM, YOUZAN, Accounts, OwnOrders, in_trading_hours
from siyu.sandbox.world.campaigns import CAUSES, ExtraOrders
from siyu.sandbox.world.draft import DAY, NEVER, Array, World, choose, day_of, ranges, waits
from siyu.sandbox.world.organisation import Organisation
from siyu.sandbox.world.persons import SOURCES, Persons
from siyu.sandbox.world.products import Products

BATCH = 200_000  # orders
MAX_LINES = 6
REFUND_DAYS = 45
FREE_SHIPPING_FEN = 9_900
SHIPPING_FEN = 1_000
COUPON_VALUES = ((1_000, 9_900), (2_000, 19_900), (5_000, 39_900))  # money off, from which amount; fen


@dataclass(frozen=True, kw_only=True)
class Drafts:
    """Every order to be, in the order of creation; `own` is its position among people's own orders, -1 otherwise."""

    person: Array
    channel: Array
    created: Array
    own: Array
    cause: Array
    campaign: Array
    touch_key: Array
    touched: Array


def gather(
    world: World, persons: Persons, accounts: Accounts, own: OwnOrders, extra: list[ExtraOrders]
) -> Drafts:
    """All orders, sorted by time; those beyond the world's end are dropped."""
    first = np.concatenate([[True], own.person[1:] != own.person[:-1]])
    by_friend = first & (persons.source[own.person] == SOURCES.index("referral")) & (own.channel == YOUZAN)
    by_friend &= accounts.since[YOUZAN, own.person] > own.created - 700
    size = len(own.person)
    of_own = {
        "person": own.person,
        "channel": own.channel,
        "created": own.created,
        "cause": np.where(by_friend, CAUSES.index("referral"), 0),
        "campaign": np.zeros(size, dtype=np.int64),
        "touch_key": np.full(size, -1),
        "touched": np.full(size, NEVER),
    }
    columns = {
        name: np.concatenate([values, *(getattr(part, name) for part in extra)])
        for name, values in of_own.items()
    }
    columns["created"] = in_trading_hours(columns["channel"], columns["created"])
    columns["own"] = np.concatenate([np.arange(size), np.full(len(columns["person"]) - size, -1)])
    order = np.lexsort((columns["person"], columns["created"]))
    order = order[(columns["created"][order] < world.end) & (columns["created"][order] >= world.start)]
    return Drafts(**{name: values[order] for name, values in columns.items()})


def draw_orders(
    world: World,
    drafts: Drafts,
    *,
    persons: Persons,
    organisation: Organisation,
    products: Products,
    accounts: Accounts,
) -> None:
    """Drafts of orders, order_lines, refunds, payments, shipments and bills."""
    draws = world.draws("orders")
    guide_phones = world.preset.guide_phone_share / max(float((drafts.channel != TMALL).mean()), 0.1)
    for start in range(0, len(drafts.person), BATCH):
        part = slice(start, min(start + BATCH, len(drafts.person)))
        batch = _Batch(
            world, draws, start, {name: getattr(drafts, name)[part] for name in drafts.__annotations__}
        )
        batch.sell(persons, organisation, accounts, guide_phones)
        batch.fill(persons, products)
        batch.pass_time()
        batch.refund()
        batch.put()
    world.sql(TABLES)


class _Batch:
    """A stretch of orders on the way from drafts to tables. `head` are columns of orders."""

    def __init__(
        self, world: World, draws: np.random.Generator, first: int, columns: dict[str, Array]
    ) -> None:
        self.world, self.draws, self.preset = world, draws, world.preset
        self.head = columns
        self.size = len(columns["person"])
        self.head["order_id"] = first + 1 + np.arange(self.size)
        self.lines: dict[str, Array] = {}

    def sell(
        self, persons: Persons, organisation: Organisation, accounts: Accounts, guide_phones: float
    ) -> None:
        """Who sells where to which account, and which phone is left."""
        draws, head, size = self.draws, self.head, self.size
        person, created = head["person"], head["created"]
        is_friend = accounts.since[WECOM, person] < created
        to_guide = (head["channel"] == POS) & is_friend & (head["own"] >= 0)
        in_wecom = to_guide & (draws.random(size) < 2 * self.preset.paid_in_wecom_share)
        rung_up = in_wecom & (draws.random(size) < 0.5)
        head["channel"] = channel = np.where(in_wecom & ~rung_up, WECOM, head["channel"])
        head["paid_to_guide"] = (channel == WECOM) | rung_up
        is_store = (channel == POS) | (channel == WECOM)
        away = draws.random(size) < 0.1
        store = np.where(away & is_store, draws.integers(0, self.preset.stores, size), persons.store[person])
        day = day_of(created)
        trades = (organisation.opened[store] <= day) & (day < organisation.closed[store])
        store = np.where(trades, store, 0)
        has_store = is_store | ((channel == YOUZAN) & (draws.random(size) < 0.6))
        head["store_id"] = np.where(has_store, store + 1, 0)
        guide = organisation.guide_on(store, day, draws.random(size))
        head["guide_id"] = np.where(is_store | (has_store & (draws.random(size) < 0.5)), guide + 1, 0)
        head["cashier_id"] = np.where(
            channel == POS, organisation.guide_on(store, day, draws.random(size)) + 1, 0
        )

        account = accounts.of[channel, person]
        refused = (
            (channel == POS) & ~head["paid_to_guide"] & (draws.random(size) < self.preset.card_refused_share)
        )
        head["account_id"] = np.where(refused, 0, account)
        phone = persons.phone_at(person, created)
        tells = np.array([0.95, 0.97, 1.0, 0.3])[channel]
        tells = draws.random(size) < np.where(head["account_id"] > 0, tells, 0.0)
        masked = (channel == TMALL) & self._is_masked(head["account_id"])
        head["is_masked"] = masked
        by_guide = (channel != TMALL) & (draws.random(size) < guide_phones)
        head["phone"] = np.where(tells & ~masked, phone, 0)
        head["phone"] = np.where(by_guide, organisation.staff_mobile[guide], head["phone"])
        head["account_id"] = np.where(
            by_guide & (channel == POS) & (draws.random(size) < 0.3), 0, head["account_id"]
        )
        homes = np.where(persons.is_trade[person], draws.integers(0, self.preset.homes_per_trade, size), 0)
        sent = (channel == YOUZAN) | (channel == TMALL)
        head["address_id"] = np.where(sent, persons.home[person] * 100 + homes + 1, 0)
        head["city"] = persons.city[person]

    def _is_masked(self, account: Array) -> Array:
        masks = self.world.get("select masked from draft.accounts order by account_id")["masked"]
        return np.where(account > 0, masks[account - 1], False)

    def fill(self, persons: Persons, products: Products) -> None:
        """Lines, prices, discounts; every fen has its place."""
        draws, head, size = self.draws, self.head, self.size
        person, day = head["person"], day_of(head["created"])
        spend = persons.spend[person]
        line_count = 1 + np.minimum(
            draws.poisson(self.preset.more_lines * np.clip(spend, 0.3, 3)), MAX_LINES - 1
        )
        row, number = ranges(line_count)
        count = len(row)
        styles = self.preset.styles
        popular = 1 / (5 + np.arange(self.preset.styles_per_store)) ** 0.7
        first, second = (
            (head["store_id"][row] * 37 + choose(draws, popular, count)) % styles for _ in range(2)
        )  # the assortment of a store is a stretch of the styles; online sells the stretch of no store
        dear = np.clip(0.5 + 0.35 * np.log(spend[row]), 0.05, 0.95)
        prices = products.price_on(first, day[row]), products.price_on(second, day[row])
        takes_dearer = draws.random(count) < dear
        style = np.where((prices[0] >= prices[1]) == takes_dearer, first, second)
        style = np.where(day[row] < products.price_from[style, 0], style // 5 * 5 + 4, style)  # not out yet
        size_index = np.where(draws.random(count) < 0.85, persons.size[person[row]], 0)
        colour = draws.integers(0, self.preset.colours, count)
        article = colour * len(self.preset.sizes) + size_index
        quantity = np.minimum(draws.geometric(0.9, count), 5)
        price = products.price_on(style, day[row])
        gross = quantity * price

        saver = persons.price_sensitivity[person]
        cheaper = draws.random(count) < 0.15 + 0.3 * saver[row]
        line_discount = np.where(cheaper, gross * draws.integers(1, 5, count) // 20, 0)
        net = gross - line_discount
        goods = np.bincount(row, weights=net, minlength=size).astype(np.int64)

        # One coupon an order at most, only in the mini program; elsewhere a round discount by hand.
        head["coupon_kind"] = np.where(
            (head["channel"] == YOUZAN) & (draws.random(size) < 0.1 + 0.35 * saver),
            np.searchsorted([threshold for _, threshold in COUPON_VALUES], goods, side="right"),
            0,
        )
        coupon = np.array([0] + [value for value, _ in COUPON_VALUES])[head["coupon_kind"]]
        by_hand = (head["channel"] != YOUZAN) & (draws.random(size) < 0.12)
        off = np.where(by_hand, goods * draws.integers(2, 11, size) // 100, coupon)
        swaps = ((head["channel"] == POS) | (head["channel"] == WECOM)) & (
            draws.random(size) < self.preset.trade_in_share
        )
        head["trade_in"] = np.where(swaps, (goods - off) * 3 // 10, 0)
        off = off + head["trade_in"]
        share = net * off[row] // np.maximum(goods[row], 1)
        given = np.bincount(row, weights=share, minlength=size).astype(np.int64)
        share[number == 0] += (off - given)[row[number == 0]]  # the odd fen fall on the first line
        share = np.minimum(share, net)
        off = np.bincount(row, weights=share, minlength=size).astype(np.int64)

        online = (head["channel"] == YOUZAN) | (head["channel"] == TMALL)
        head["shipping"] = np.where(online & (goods - off < FREE_SHIPPING_FEN), SHIPPING_FEN, 0)
        head["list"] = np.bincount(row, weights=gross, minlength=size).astype(np.int64)
        head["line_discount"] = head["list"] - goods
        head["order_discount"] = off
        head["paid_amount"] = goods - off + head["shipping"]
        self.lines = {
            "order_id": head["order_id"][row], "row": row, "line_no": number + 1,
            "sku_id": style * products.per_style + article + 1, "quantity": quantity, "price": price,
            "line_discount": line_discount, "order_discount": share, "paid": net - share,
        }  # fmt: skip
        head["lines"] = line_count

    def pass_time(self) -> None:
        """When it is paid, shipped, received, finished or closed; NEVER where it is not."""
        draws, head, size = self.draws, self.head, self.size
        created = head["created"]
        online = (head["channel"] == YOUZAN) | (head["channel"] == TMALL)
        sure = head["cause"] > 0  # what a touch caused is paid
        lapses = ~sure & (draws.random(size) < np.where(online, 0.06, 0.003))
        wait = np.where(
            online, 5 + np.minimum(waits(draws, 0.004, size), 1_500), 20 + draws.integers(0, 100, size)
        )
        head["paid"] = np.where(lapses, NEVER, created + wait)
        head["closed"] = np.where(
            lapses, created + np.where(online, 1_800 + draws.integers(0, 60, size), 240), NEVER
        )
        head["close_reason"] = np.where(lapses, np.where(online, 1, 2), 0)
        ship = head["paid"] + 7_200 + waits(draws, 0.8, size)
        head["split"] = online & (head["lines"] > 1) & (draws.random(size) < self.preset.split_share)
        second = ship + np.where(head["split"], 3_600 + waits(draws, 1, size), 0)
        travel = DAY + waits(draws, 1.5, size)
        head["first_shipped"] = np.where(online & ~lapses, ship, NEVER)
        head["shipped"] = np.where(lapses, NEVER, np.where(online, second, head["paid"]))
        head["received"] = np.where(online & ~lapses, second + travel, NEVER)
        confirm = np.where(draws.random(size) < 0.5, waits(draws, 2, size), 7 * DAY) + 600
        head["finished"] = np.where(lapses, NEVER, np.where(online, head["received"] + confirm, head["paid"]))

    def refund(self) -> None:
        """Some orders come back: whole or one line, all pieces, some or only money; at most 45 days after payment."""
        draws, head, size = self.draws, self.head, self.size
        dear = np.where(head["channel"] == TMALL, 1.5, np.where(head["channel"] == YOUZAN, 1.0, 0.7))
        back = (head["paid"] < NEVER) & (draws.random(size) < self.preset.return_share * dear)
        whole = draws.random(size) < 0.5
        soon = draws.random(size) < 0.65
        wait = np.where(soon, waits(draws, 4, size), draws.integers(DAY, REFUND_DAYS * DAY, size))
        asked = head["paid"] + 900 + wait % (REFUND_DAYS * DAY - 1_000)
        refused = draws.random(size) < 0.05
        store = (head["channel"] == POS) | (head["channel"] == WECOM)
        before = ~store & (asked < head["first_shipped"])
        refused &= ~store & ~before
        sends_back = ~before & (draws.random(size) < 0.85)
        agreed = asked + np.where(store, 0, 600 + waits(draws, 0.4, size))
        returned = np.where(sends_back & ~store, agreed + DAY + waits(draws, 2, size), agreed)
        succeeded = returned + np.where(store, 60, 3_600 + waits(draws, 0.5, size))

        lines = self.lines
        row = lines["row"]
        picked = (draws.random(size) * head["lines"]).astype(np.int64)[row] + 1 == lines["line_no"]
        touched = back[row] & (whole[row] | picked) & (lines["paid"] > 0)
        hit = np.flatnonzero(touched)
        of = row[hit]
        quantity, paid = lines["quantity"][hit], lines["paid"][hit]
        kind = np.where(
            whole[of], 0, np.searchsorted([0.5, 0.75], draws.random(len(hit)))
        )  # all, some, money only
        pieces = np.where(kind == 1, np.maximum(quantity // 2, 1), quantity)
        amount = np.select(
            [kind == 1, kind == 2],
            [paid * pieces // quantity, paid * draws.integers(1, 5, len(hit)) // 10],
            paid,
        )
        amount = np.maximum(amount, 1)
        goods_back = np.where(kind == 2, False, sends_back[of])
        gone = NEVER
        self.r = {
            "order_id": head["order_id"][of], "line_no": lines["line_no"][hit], "channel": head["channel"][of],
            "quantity": np.where(goods_back | (before[of] & (kind < 2)), pieces, 0), "amount": amount,
            "goods_back": goods_back, "is_whole": amount == paid, "reason": draws.integers(0, 6, len(hit)),
            "onsale": asked[of] < head["finished"][of], "asked": asked[of],
            "agreed": np.where(refused[of], gone, agreed[of]),
            "returned": np.where(goods_back & ~refused[of], returned[of], gone),
            "refused": np.where(refused[of], agreed[of], gone), "succeeded": np.where(refused[of], gone,
                succeeded[of]),
            "closed": np.where(refused[of], agreed[of] + 3 * DAY, gone),
        }  # fmt: skip

        # An order refunded whole before it was finished is closed then; before it was sent, it never is.
        ends = back & whole & ~refused & ~store & (succeeded < head["finished"])
        never_sent = ends & before
        head["closed"] = np.where(ends, succeeded, head["closed"])
        head["close_reason"] = np.where(ends, 3, head["close_reason"])
        head["finished"] = np.where(ends, NEVER, head["finished"])
        for name in ("first_shipped", "shipped", "received"):
            head[name] = np.where(never_sent, NEVER, head[name])

    def put(self) -> None:
        """Into the database."""
        draws, head, lines, size = self.draws, self.head, self.lines, self.size
        world = self.world
        split = np.flatnonzero(
            (head["paid"] < NEVER) & (head["channel"] == POS) & (draws.random(size) < 0.04)
        )
        head["second_payment"] = np.zeros(size, dtype=np.int64)
        head["second_payment"][split] = head["paid_amount"][split] // 3
        head["method"] = np.select(
            [head["paid_to_guide"], head["channel"] == POS, head["channel"] == TMALL],
            [5, choose(draws, [0.6, 0.15, 0.15, 0.1], size), 1],
            0,
        )
        parcel = np.where(head["split"][lines["row"]] & (lines["line_no"] > 1), 2, 1)
        lines["shipment_no"] = np.where(head["first_shipped"][lines["row"]] < NEVER, parcel, 0)
        head["carrier"] = draws.integers(0, 4, size)
        world.add(
            "order_truth",
            {
                name: head[name]
                for name in ("order_id", "person", "own", "cause", "campaign", "touch_key", "touched")
            },
        )
        hidden = ("person", "own", "cause", "campaign", "touch_key", "touched")
        world.add("orders", {name: values for name, values in head.items() if name not in hidden})
        world.add("order_lines", {name: values for name, values in lines.items() if name != "row"})
        world.add("refunds", self.r)


TABLES = """
create view draft.order_keys as select own as order_draft, order_id from draft.order_truth where own >= 0;

-- A coupon is taken before it is used; its number follows the order that used it.
create table draft.used_coupons as
select
    row_number() over (order by order_id) as coupon_id, coupon_kind, account_id, order_id, paid,
    greatest(created - 3600 - (order_id * 7919) % (6 * 86400), registered) as taken
from draft.orders join draft.accounts using (account_id) where coupon_kind > 0;

create view world.orders as
select
    order_id, ['pos', 'youzan', 'tmall', 'wecom'][channel + 1] as channel_code,
    case channel
        when 0 then 'S' || padded(store_id, 5) || strftime(shanghai_day(created), '%Y%m%d') || padded(order_id, 8)
        when 1 then 'E' || strftime(shanghai_day(created), '%Y%m%d') || padded(order_id, 12)
        when 2 then cast(3100000000000000000 + order_id * 7919 as varchar)
        else 'OP' || padded(order_id, 14)
    end as order_no,
    positive(orders.account_id) as account_id, phone_text(phone) as phone, positive(store_id) as store_id,
    positive(guide_id) as guide_staff_id, positive(cashier_id) as cashier_staff_id,
    utc(created) as created_at, utc(orders.paid) as paid_at, utc(shipped) as shipped_at,
    utc(finished) as finished_at, utc(closed) as closed_at,
    if(utc(closed) is null, null, ['unpaid', 'void', 'refunded'][close_reason]) as close_reason,
    list as list_fen, line_discount as line_discount_fen, order_discount as order_discount_fen,
    shipping as shipping_fen, paid_amount as paid_fen, trade_in as trade_in_fen, used_coupons.coupon_id,
    positive(address_id) as address_id, if(address_id > 0, pick('provinces', city), null) as province,
    if(address_id > 0, pick('cities', city), null) as city, is_masked
from draft.orders
left join draft.used_coupons using (order_id);

create view world.order_lines as
select
    order_id, line_no, 7000000000000000000 + order_id * 10 + line_no as line_ref, sku_id, quantity,
    price as price_fen, line_discount as line_discount_fen, order_discount as order_discount_fen, paid as paid_fen,
    if(utc(if(shipment_no = 2, shipped, first_shipped)) is not null, shipment_no, null) as shipment_no
from draft.order_lines as line
join (select order_id, shipped, first_shipped from draft.orders) using (order_id);

create table draft.payments as
select row_number() over (order by order_id, part) as payment_id, * from (
    select order_id, 1 as part, method, paid, paid_amount - second_payment as amount from draft.orders
    union all
    select order_id, 2, 4, paid, second_payment from draft.orders where second_payment > 0
)
where paid < getvariable('world_end');
create view world.payments as
select
    payment_id, order_id, ['wechat', 'alipay', 'card', 'cash', 'stored_value', 'wecom'][method + 1] as method,
    utc(paid) as paid_at, amount as amount_fen
from draft.payments;

create view world.shipments as
select
    order_id, parcel as shipment_no, pick('carriers', carrier) as carrier,
    pick('carriers', carrier) || padded(order_id * 10 + parcel, 13) as tracking_no,
    utc(sent) as shipped_at, utc(received - if(parcel = 1 and split, 3600, 0)) as received_at
from (
    select order_id, 1 as parcel, first_shipped as sent, received, split, carrier from draft.orders
    union all
    select order_id, 2, shipped, received, split, carrier from draft.orders where split
)
where sent < getvariable('world_end');

create table draft.refund_numbers as
select order_id, line_no, row_number() over (order by asked, order_id, line_no) as refund_id
from draft.refunds where asked < getvariable('world_end');
create view world.refunds as
select
    refund_id, ['SR', 'YR', '1', 'WR'][channel + 1] || padded(refund_id, 14) as refund_no, order_id, line_no,
    quantity, amount as amount_fen, goods_back as is_goods_returned, pick('refund_reasons', reason) as reason,
    if(onsale, 'onsale', 'aftersale') as phase, utc(asked) as created_at, utc(agreed) as agreed_at,
    utc(returned) as returned_at, utc(refused) as refused_at, utc(succeeded) as succeeded_at,
    utc(closed) as closed_at
from draft.refunds join draft.refund_numbers using (order_id, line_no);
"""
