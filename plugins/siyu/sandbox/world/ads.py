"""Advertising on Ocean Engine: fast and fading. Clicks bring strangers and now and then an order within hours."""

from dataclasses import dataclass

import numpy as np

from siyu.sandbox.world.accounts import TMALL, WECOM, YOUZAN, Accounts
from siyu.sandbox.world.campaigns import CAUSES, ExtraOrders, open_channel
from siyu.sandbox.world.draft import DAY, Array, World, choose, day_of, midnight, waits
from siyu.sandbox.world.persons import SOURCES, Persons

FADE_DAYS = 12  # an ad loses two thirds of its pull in so many days
ANONYMOUS_CLICKS = 12  # clicks of persons who never show up, per click of one who does
CLICKS_PER_PERSON = 0.25  # of people who are customers already, over the range, all ads together
EFFECT_DAYS = 0.15  # mean from click to the order it causes


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Promotions as arrays, position = id - 1: first and last day, and whether it asks for WeCom friends."""

    starts: Array
    ends: Array
    wecom: Array


def draw_ads(world: World, persons: Persons, accounts: Accounts) -> ExtraOrders:
    """Tables ad_campaigns, ad_days, ad_clicks; the orders that clicks of known customers caused."""
    draws, preset = world.draws("ads"), world.preset
    count = preset.ad_campaigns
    length = draws.integers(20, 60, count)
    starts = world.first_day + np.sort(draws.integers(0, max(world.days - 20, 1), count))
    starts[0] = world.first_day
    ends = np.minimum(starts + length, world.end_day) - 1
    schedule = Schedule(starts=starts, ends=ends, wecom=np.arange(count) % 2 == 1)

    stranger, moment, brought = _strangers(world, persons, accounts)
    ad_of_stranger = _ad_on(schedule, day_of(moment), accounts.channel[brought - 1] == WECOM)

    known = draws.integers(0, world.persons, int(world.persons * CLICKS_PER_PERSON))
    ad = draws.integers(0, count, len(known))
    day = starts[ad] + (draws.exponential(FADE_DAYS, len(known))).astype(np.int64)
    clicked = midnight(day) + 36_000 + draws.integers(0, 48_000, len(known))
    channel = open_channel(accounts, known, clicked)
    has_id = (accounts.since[TMALL, known] < clicked) | (accounts.since[WECOM, known] < clicked)
    inside = (day <= ends[ad]) & (channel >= 0) & has_id
    known, ad, clicked, channel = known[inside], ad[inside], clicked[inside], channel[inside]
    channel = np.where(
        accounts.since[TMALL, known] < clicked, TMALL, np.where(channel == WECOM, YOUZAN, channel)
    )
    channel = np.where((channel == YOUZAN) & (accounts.since[YOUZAN, known] >= clicked), WECOM, channel)
    account = np.where(
        accounts.since[TMALL, known] < clicked, accounts.of[TMALL, known], accounts.of[WECOM, known]
    )

    person = np.concatenate([stranger, known])
    when = np.concatenate([moment, clicked])
    ads = np.concatenate([ad_of_stranger, ad])
    bought = np.concatenate([brought, account])
    order = np.lexsort((person, when))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    world.put(
        "clicks",
        {
            "click_id": rank,
            "ad_campaign_id": ads + 1,
            "clicked": when,
            "account_id": bought,
            "person_id": person + 1,
            "is_stranger": np.arange(len(person)) < len(stranger),
        },
    )
    _draw_days(world, draws, schedule, ads, when)
    world.sql(TABLES)

    causes = draws.random(len(known)) < preset.ad_uplift
    return ExtraOrders(
        person=known[causes],
        channel=channel[causes],
        created=clicked[causes] + 120 + waits(draws, EFFECT_DAYS, int(causes.sum())),
        cause=np.full(causes.sum(), CAUSES.index("ad")),
        campaign=ad[causes] + 1,
        touch_key=rank[len(stranger) :][causes],
        touched=clicked[causes],
    )


def _strangers(world: World, persons: Persons, accounts: Accounts) -> tuple[Array, Array, Array]:
    """Persons whom an ad brought: person, moment of the click, first account (tmall or wecom)."""
    person = np.flatnonzero((persons.source == SOURCES.index("ad")) & (persons.entered >= world.start))
    first = np.where(accounts.since[TMALL, person] <= accounts.since[WECOM, person], TMALL, WECOM)
    account = accounts.of[first, person]
    person, first, account = person[account > 0], first[account > 0], account[account > 0]
    return person, accounts.since[first, person] - 90, account


def _ad_on(schedule: Schedule, day: Array, wants_wecom: Array) -> Array:
    """An ad of the fitting goal, the latest that had begun by that day (the first one when none had)."""
    chosen = np.zeros(len(day), dtype=np.int64)
    for number, (starts, is_wecom) in enumerate(zip(schedule.starts, schedule.wecom, strict=True)):
        chosen = np.where((starts <= day) & (is_wecom == wants_wecom), number, chosen)
    return chosen


def _draw_days(world: World, draws: np.random.Generator, schedule: Schedule, ads: Array, when: Array) -> None:
    """Daily figures: at least the clicks we know of, and many we do not."""
    starts, ends, wecom = schedule.starts, schedule.ends, schedule.wecom
    known = np.zeros((len(starts), world.days), dtype=np.int64)
    np.add.at(known, (ads, np.clip(day_of(when) - world.first_day, 0, world.days - 1)), 1)
    grid = np.arange(world.days)[None, :] + world.first_day
    runs = ((grid >= starts[:, None]) & (grid <= ends[:, None])) | (known > 0)
    ad, day = np.nonzero(runs)
    fade = np.exp(-np.maximum(day + world.first_day - starts[ad], 0) / FADE_DAYS)
    base = world.persons / 60
    clicks = known[ad, day] * (1 + ANONYMOUS_CLICKS) + draws.poisson(base * fade)
    conversions = draws.binomial(clicks, 0.04)
    adds = np.where(wecom[ad], draws.binomial(clicks, 0.05), 0)
    price = world.preset.ad_cost_per_click_fen
    world.put(
        "ad_days",
        {
            "ad_campaign_id": ad + 1,
            "day": day + world.first_day,
            "cost": (clicks * draws.uniform(0.7, 1.4, len(ad)) * price).astype(np.int64),
            "impressions": clicks * draws.integers(25, 70, len(ad)) + draws.integers(50, 500, len(ad)),
            "clicks": clicks,
            "conversions": conversions,
            "deep": draws.binomial(conversions, 0.3),
            "adds": adds,
            "unfriends": draws.binomial(adds, 0.06),
        },
    )
    world.put(
        "ads",
        {"ad_campaign_id": np.arange(1, len(starts) + 1), "starts": starts, "ends": ends, "is_wecom": wecom},
    )


def draw_links(world: World) -> None:
    """Acquisition links: two standing ones, the others advertised."""
    draws = world.draws("links")
    ads = choose(draws, np.ones(world.preset.ad_campaigns), 8) // 2 * 2 + 1
    world.put(
        "link_rows",
        {
            "link_id": np.arange(1, 11),
            "created": np.full(10, world.start - 30 * DAY),
            "ad_campaign_id": np.concatenate([[0, 0], np.minimum(ads + 1, world.preset.ad_campaigns)]),
        },
    )
    world.sql("""
        create table draft.links as
        select
            link_id, opaque('caw', link_id) as wecom_link_id, created, positive(ad_campaign_id) as ad_campaign_id,
            'link' || padded(link_id, 2) as channel_state
        from draft.link_rows
    """)


TABLES = """
create view world.ad_campaigns as
select
    ad_campaign_id, 1700000000000001 + (ad_campaign_id - 1) // 6 as advertiser_id,
    7300000000000000000 + ad_campaign_id // 3 as project_id, '项目' || (ad_campaign_id // 3 + 1) as project_name,
    7310000000000000000 + ad_campaign_id as promotion_id, '推广' || padded(ad_campaign_id, 3) as promotion_name,
    if(is_wecom, 'wecom_add', 'tmall_order') as goal, on_day(starts) as starts_on, on_day(ends) as ends_on
from draft.ads;

create view world.ad_days as
select
    ad_campaign_id, on_day(day) as stat_on, cost as cost_fen, impressions, clicks, conversions,
    deep as deep_conversions, adds as wecom_adds, unfriends as wecom_unfriends
from draft.ad_days;

create view world.ad_clicks as
select click_id, ad_campaign_id, utc(clicked) as clicked_at, account_id from draft.clicks
where clicked < getvariable('world_end');
"""
