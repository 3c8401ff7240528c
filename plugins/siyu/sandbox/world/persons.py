"""The true persons: homes, traits, when they come, and the latent process by which they buy.

The process is BG/NBD-like: a person's orders come at random with a rate of the person's own (gamma over persons) as
long as the person is alive, and after each order the person drops out for good with a chance of the person's own
(beta over persons). Time runs faster on busy days, so seasons and festivals carry more orders.
"""

from dataclasses import dataclass

import numpy as np

from siyu.sandbox.world.calendar import busyness
from siyu.sandbox.world.draft import DAY, LEAD_DAYS, NEVER, Array, World, choose, day_of, midnight
from siyu.sandbox.world.organisation import Organisation

SOURCES = ("store", "tmall", "ad", "private", "referral")
SAME_HOME = 0.3  # chance that a person lives with the person before
RECYCLE_DAYS = 90  # a number given up rests so long before somebody else gets it
FIRST_MOBILE = 13_000_000_000
MOBILES = 999_999_937  # a prime: numbers are spread over eleven digits and never repeat


@dataclass(frozen=True, kw_only=True)
class Persons:
    """Customers as arrays, position = person_id - 1. Phones are numbers; `entered` is a midnight in UTC seconds."""

    home: Array
    city: Array
    store: Array
    size: Array
    child_month: Array  # months since 1970, 0 without a child
    price_sensitivity: Array
    is_trade: Array
    spend: Array
    source: Array
    entered: Array
    is_identified: Array
    never_buys: Array
    phone: Array
    new_phone: Array  # 0 when never changed
    phone_changed: Array

    def phone_at(self, person: Array, moment: Array) -> Array:
        """The number each person uses at a moment."""
        return np.where(moment >= self.phone_changed[person], self.new_phone[person], self.phone[person])


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """What people buy of their own accord: person and day number, in the order of persons and time."""

    person: Array
    day: Array


def mobile_numbers(count: int) -> Array:
    """`count` different mobile numbers."""
    return FIRST_MOBILE + (np.arange(1, count + 1, dtype=np.int64) * 7_654_321) % MOBILES


def draw_persons(world: World, organisation: Organisation, phones: Array) -> Persons:
    """Who there is. `phones` are numbers nobody else has."""
    draws, preset, count = world.draws("persons"), world.preset, world.persons
    home = np.cumsum(draws.random(count) >= SAME_HOME)
    homes = int(home[-1]) + 1
    first_of_home = np.searchsorted(home, np.arange(homes))
    store = choose(draws, np.ones(preset.stores), homes)[home]
    open_always = organisation.opened <= world.first_day
    store = np.where(open_always[store], store, 0)

    before = draws.random(count) < preset.entered_before_share
    in_range = np.cumsum(busyness(world)[LEAD_DAYS:])
    day = np.where(
        before,
        world.first_day - draws.integers(1, LEAD_DAYS, count),
        world.first_day + np.searchsorted(in_range, draws.random(count) * in_range[-1]),
    )
    day = np.minimum(day, world.end_day - 1)
    identified = draws.random(count) >= preset.never_identified_share
    source = choose(draws, [preset.sources[name] for name in SOURCES], count)
    born_month = day // 30.44 - draws.integers(0, 72, count)
    persons = Persons(
        home=home,
        city=organisation.city[store],
        store=store,
        size=draws.binomial(max(len(preset.sizes) - 1, 0), 0.5, count),
        child_month=np.where(draws.random(count) < preset.child_share, born_month, 0).astype(np.int64),
        price_sensitivity=draws.beta(2, 2, count),
        is_trade=draws.random(count) < preset.trade_share,
        spend=(preset.spend_shape - 1) / draws.gamma(preset.spend_shape, 1, count),
        source=np.where(identified, source, SOURCES.index("store")),
        entered=midnight(day),
        is_identified=identified,
        never_buys=identified & (draws.random(count) < preset.never_buys_share),
        **_draw_phones(world, home, first_of_home, midnight(day), phones),
    )
    age = np.clip(draws.normal(*preset.age, count), 18, 80)
    world.put(
        "persons",
        {
            "person_id": np.arange(1, count + 1),
            "household_id": home + 1,
            "birth_day": day - (age * 365.25).astype(np.int64),
            "gender": np.where(draws.random(count) < preset.female_share, 2, 1),
            "city": persons.city,
            "store_id": store + 1,
            "size": np.array(preset.sizes, dtype=object)[persons.size],
            "child_month": persons.child_month,
            "price_sensitivity": persons.price_sensitivity,
            "is_trade": persons.is_trade,
            "source": persons.source,
            "is_identified": identified,
            "entered": persons.entered,
            "spend": persons.spend,
        },
    )
    return persons


def _draw_phones(
    world: World, home: Array, first_of_home: Array, entered: Array, phones: Array
) -> dict[str, Array]:
    """Numbers as they are in life: one for two in a home, changed ones, and given-up ones that come back."""
    draws, preset, count = world.draws("phones"), world.preset, world.persons
    own = phones[:count].copy()
    head = first_of_home[home]
    member = np.flatnonzero(head != np.arange(count))
    borrower = member[draws.random(len(member)) < preset.shared_phone_share / (2 * SAME_HOME)]
    phone = own.copy()
    phone[borrower] = own[head[borrower]]

    shares = np.zeros(count, dtype=bool)
    shares[borrower] = True
    shares[head[borrower]] = True
    changes = (draws.random(count) < preset.changed_phone_share) & ~shares
    changed = entered + 30 * DAY + (draws.random(count) * np.maximum(world.end - entered, 0)).astype(np.int64)
    changed = np.where(changes, changed, NEVER)
    new_phone = np.where(changes, phones[count : 2 * count], 0)

    # A number given up goes to somebody who becomes a customer after it has rested.
    donors = np.flatnonzero(changes)
    by_entry = np.argsort(entered, kind="stable")
    first = np.searchsorted(entered[by_entry], changed[donors] + RECYCLE_DAYS * DAY)
    possible = first < count
    donors, first = donors[possible], first[possible]
    heir = by_entry[first + (draws.random(len(donors)) * (count - first)).astype(np.int64)]
    fits = ~shares[heir] & ~changes[heir]
    donors, heir = donors[fits], heir[fits]
    _, once = np.unique(heir, return_index=True)
    once = np.sort(once)[: int(np.ceil(count * preset.recycled_phone_share))]
    phone[heir[once]] = phone[donors[once]]

    kind = np.full(count, 0)
    kind[borrower] = 1
    kind[heir[once]] = 2
    person = np.arange(1, count + 1)
    world.put(
        "phones",
        {
            "phone": np.concatenate([phone, new_phone[changes]]),
            "person_id": np.concatenate([person, person[changes]]),
            "valid_from": np.concatenate([np.where(kind == 2, entered, 0), changed[changes]]),
            "valid_to": np.concatenate([changed, np.full(changes.sum(), NEVER)]),
            "kind": np.concatenate([kind, np.zeros(changes.sum(), dtype=np.int64)]),
        },
    )
    return {"phone": phone, "new_phone": new_phone, "phone_changed": changed}


def draw_purchases(world: World, persons: Persons) -> Purchases:
    """Run every person's process from the day the person came to the world's end."""
    draws, preset = world.draws("purchases"), world.preset
    count = world.persons
    rate = draws.gamma(preset.rate_shape, preset.orders_per_year / preset.rate_shape, count)
    drop_out = draws.beta(*preset.drop_out, count)
    rate[persons.never_buys] = 0

    # `clock` is busy time: a day of weight two lasts two days of it, so orders in it are twice as likely.
    elapsed = np.concatenate([[0.0], np.cumsum(busyness(world))])
    first_day = world.first_day - LEAD_DAYS
    day = day_of(persons.entered)
    alive = np.flatnonzero(~persons.never_buys)
    clock = elapsed[day - first_day] + draws.random(count) * (
        elapsed[day - first_day + 1] - elapsed[day - first_day]
    )
    dropped = np.full(count, NEVER)
    found_person, found_day = [], []
    while len(alive):
        day = first_day + np.searchsorted(elapsed, clock[alive], side="right") - 1
        inside = day >= world.first_day
        found_person.append(alive[inside])
        found_day.append(day[inside])
        drops = draws.random(len(alive)) < drop_out[alive]
        dropped[alive[drops]] = midnight(day[drops] + 1)
        alive = alive[~drops]
        clock[alive] += draws.exponential(365.25, len(alive)) / np.maximum(rate[alive], 1e-9)
        alive = alive[clock[alive] < elapsed[-1]]
    person, day = np.concatenate(found_person), np.concatenate(found_day)
    order = np.lexsort((day, person))
    world.put(
        "processes",
        {
            "person_id": np.arange(1, count + 1),
            "rate": rate,
            "drop_out": np.where(persons.never_buys, 0.0, drop_out),
            "dropped": dropped,
        },
    )
    return Purchases(person=person[order], day=day[order])
