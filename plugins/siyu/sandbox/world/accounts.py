"""Accounts: in which channels a person is known, by which identifiers, and what each of them lacks.

Here also the orders' channels and moments, since an account begins with the first order in its channel.
"""

from dataclasses import dataclass

import numpy as np

from siyu.sandbox.world.draft import DAY, NEVER, SHANGHAI, Array, World, day_of, midnight, ranges, waits
from siyu.sandbox.world.persons import SOURCES, Persons, Purchases

POS, YOUZAN, TMALL, WECOM, FOLLOWER = range(5)
CHANNELS = ("pos", "youzan", "tmall", "wecom", "official_account")
OPENS = 10 * 3_600  # second of the day at which shops open
OPEN_SECONDS = 11 * 3_600 + 1_800


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Accounts as arrays, position = account_id - 1; `of` and `since` are [channel, person]: id or 0, moment."""

    person: Array
    channel: Array
    registered: Array
    is_second: Array  # made for a referral reward
    of: Array
    since: Array


@dataclass(frozen=True, kw_only=True)
class OwnOrders:
    """Orders that come of their own accord: person, channel, moment of creation."""

    person: Array
    channel: Array
    created: Array


def clock_time(draws: np.random.Generator, channel: Array) -> Array:
    """Second of the day: shops from 10:00, busier in the afternoon; online till late, a few at night."""
    size = len(channel)
    in_shop = OPENS + draws.beta(1.8, 1.4, size) * OPEN_SECONDS
    online = (
        8 * 3_600 + draws.beta(2.2, 1.3, size) * 16 * 3_600 + (draws.random(size) < 0.06) * 6 * 3_600
    ) % 86_400
    return np.where((channel == POS) | (channel == WECOM), in_shop, online).astype(np.int64)


def in_trading_hours(channel: Array, moment: Array) -> Array:
    """Moments as they are; those that fall into a shop's night move to some time of the next day it is open."""
    second = (moment + SHANGHAI) % DAY
    late = second >= OPENS + OPEN_SECONDS
    night = ((channel == POS) | (channel == WECOM)) & (late | (second < OPENS))
    return np.where(night, midnight(day_of(moment) + late) + OPENS + moment * 7 % OPEN_SECONDS, moment)


def draw_own_orders(world: World, persons: Persons, purchases: Purchases) -> tuple[OwnOrders, Array]:
    """Channels and moments of people's own orders, and [channel, person] who uses which channel to buy."""
    draws, preset, count = world.draws("channels"), world.preset, world.persons
    weights = np.array([preset.channels[name] for name in CHANNELS[:3]])
    uses = draws.random((3, count)) < weights[:, None]
    home_channel = np.array([POS, TMALL, YOUZAN, YOUZAN, YOUZAN])[persons.source]  # by SOURCES
    from_ad = (persons.source == SOURCES.index("ad")) & (draws.random(count) < 0.6)
    home_channel = np.where(from_ad, TMALL, home_channel)
    uses[home_channel, np.arange(count)] = True
    uses[:, ~persons.is_identified] = False
    uses[POS, ~persons.is_identified] = True

    person, day = purchases.person, purchases.day
    size = len(person)
    shares = np.cumsum(np.where(uses, weights[:, None] + 0.2, 0), axis=0)[:, person]
    channel = (draws.random(size) * shares[-1] >= shares).sum(axis=0)
    is_first = np.concatenate([[True], person[1:] != person[:-1]])
    is_entry = is_first & (midnight(day) == persons.entered[person])
    channel = np.where(is_entry, home_channel[person], channel)
    created = midnight(day) + clock_time(draws, channel)
    return OwnOrders(person=person, channel=channel, created=created), uses


def draw_accounts(world: World, persons: Persons, orders: OwnOrders, uses: Array, friends: Array) -> Accounts:
    """Table accounts. `friends` are the moments at which persons become WeCom friends (NEVER for the others)."""
    draws, preset, count = world.draws("accounts"), world.preset, world.persons
    since = np.full((5, count), NEVER)
    np.minimum.at(
        since, (orders.channel, orders.person), orders.created - draws.integers(5, 600, len(orders.person))
    )
    late = persons.entered + waits(draws, 90, 3 * count).reshape(3, count) + 40_000
    opens = (uses & (draws.random((3, count)) < 0.5)) | (persons.never_buys & uses)
    opens[TMALL] = False  # a marketplace knows buyers only
    since[:3] = np.where(opens, np.minimum(since[:3], late), since[:3])
    since[WECOM] = friends
    follows = persons.is_identified & (draws.random(count) < preset.follower_share)
    since[FOLLOWER] = np.where(follows, persons.entered + waits(draws, 120, count) + 50_000, NEVER)
    since[:, ~persons.is_identified] = NEVER
    since[since >= world.end] = NEVER

    channel, person = np.nonzero(since < NEVER)
    registered = since[channel, person]
    inviter = person[(channel == YOUZAN)]
    cheats = draws.random(len(inviter)) < preset.referral_share * preset.referral_cheat_share
    extra_of, _ = ranges(np.where(cheats, np.where(draws.random(len(inviter)) < 0.6, 1, 3), 0))
    extra_person = inviter[extra_of]
    extra_since = since[YOUZAN, extra_person] + waits(draws, 40, len(extra_person)) + 3_600
    keep = extra_since < world.end
    person = np.concatenate([person, extra_person[keep]])
    channel = np.concatenate([channel, np.full(keep.sum(), YOUZAN)])
    registered = np.concatenate([registered, extra_since[keep]])
    second = np.concatenate([np.zeros(len(person) - keep.sum(), dtype=bool), np.ones(keep.sum(), dtype=bool)])

    by_time = np.lexsort((channel, person, registered))
    person, channel, registered, second = (
        person[by_time],
        channel[by_time],
        registered[by_time],
        second[by_time],
    )
    of = np.zeros((5, count), dtype=np.int64)
    first = np.flatnonzero(~second)
    of[channel[first], person[first]] = first + 1
    accounts = Accounts(
        person=person, channel=channel, registered=registered, is_second=second, of=of, since=since
    )
    _put_accounts(world, persons, accounts)
    return accounts


def _put_accounts(world: World, persons: Persons, accounts: Accounts) -> None:
    """The identifiers that each account shows."""
    draws, preset = world.draws("identifiers"), world.preset
    person, channel, registered = accounts.person, accounts.channel, accounts.registered
    size = len(person)
    masked = (channel == TMALL) & (draws.random(size) < preset.masked_share)
    tells = np.array([0.98, 0.75, 0.8, 0.0, 0.0])[channel]
    has_phone = (draws.random(size) < tells) & ~masked
    phone = np.where(has_phone, persons.phone_at(person, registered), 0)
    changed = persons.phone_changed[person] + waits(draws, 30, size)
    renews = has_phone & (persons.phone_changed[person] > registered) & (draws.random(size) < 0.6)
    wechat = np.isin(channel, (YOUZAN, WECOM, FOLLOWER))
    has_unionid = wechat & (draws.random(size) >= preset.no_unionid_share)
    knows_name = (channel == POS) | (wechat & (draws.random(size) < 0.9)) | ((channel == TMALL) & ~masked)
    world.put(
        "accounts",
        {
            "account_id": np.arange(1, size + 1),
            "person_id": person + 1,
            "channel": channel,
            "registered": registered,
            "phone": phone,
            "new_phone": np.where(renews, persons.new_phone[person], 0),
            "changed": np.where(renews, changed, NEVER),
            "masked": masked,
            "unionid": np.where(
                has_unionid, np.where(accounts.is_second, 10**9 + np.arange(size), person + 1), 0
            ),
            "knows_name": knows_name,
            "tells_birth": draws.random(size) < np.array([0.7, 0.4, 0.0, 0.0, 0.0])[channel],
            "tells_gender": draws.random(size) < 0.8,
            "is_second": accounts.is_second,
        },
    )
    world.sql(TABLES)


TABLES = """
create view world.accounts as
select
    account_id, ['pos', 'youzan', 'tmall', 'wecom', 'official_account'][channel + 1] as channel_code,
    utc_ever(registered) as registered_at,
    phone_text(phone) as phone, if(utc(changed) is not null, phone_text(new_phone), null) as new_phone,
    utc(changed) as phone_changed_at, masked as is_masked, opaque('oU', positive(unionid)) as unionid,
    if(channel = 3, opaque('wm', account_id), null) as wecom_external_userid,
    if(channel = 1, opaque('yz', account_id), null) as youzan_open_id,
    if(channel = 1, opaque('om', account_id), null) as mini_openid,
    if(channel = 4, opaque('oa', account_id), null) as oa_openid,
    if(channel = 2, opaque('AA', account_id), null) as taobao_open_uid,
    if(channel = 2, substr(md5('nick' || account_id), 1, 1) || '**' || account_id % 10, null) as taobao_nick,
    if(channel = 0, 'C' || padded(account_id, 9), null) as pos_card_no,
    case
        when not knows_name then null
        when channel in (0, 2) then pick('family_names', a.person_id * 3) || pick('given_names', a.person_id * 5)
        else pick('nicknames', a.person_id * 3) || account_id % 100
    end as name,
    if(tells_gender, gender, 0) as gender, if(tells_birth, on_day(birth_day), null) as birth_on,
    pick('provinces', city) as province, pick('cities', city) as city, if(channel = 0, store_id, null)
        as home_store_id
from draft.accounts as a join draft.persons using (person_id);
"""
