"""WeCom friendships: who becomes whose friend, why it ends, who takes over from leavers; tags and conversations."""

from dataclasses import dataclass

import numpy as np

from siyu.sandbox.world.accounts import WECOM, Accounts
from siyu.sandbox.world.draft import DAY, NEVER, Array, World, choose, day_of, midnight, ranges, waits
from siyu.sandbox.world.organisation import Organisation
from siyu.sandbox.world.persons import SOURCES, Persons

CUSTOMER, STAFF, TRANSFER = 1, 2, 3
ENTRIES = ("store", "parcel", "guide", "acquisition_link", "referral", "campaign")
ENTRY_WEIGHTS = (0.45, 0.15, 0.15, 0.1, 0.08, 0.07)
NATURAL_DAYS = 1_800  # mean length of a friendship that nobody disturbs
CHATS_PER_YEAR = 2.5


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """Friendships as arrays. A person's main one may pass to another employee: the next row says so."""

    person: Array
    staff: Array  # position
    started: Array
    ended: Array
    ended_by: Array  # 0 while it lasts
    is_main: Array
    is_successor: Array  # began by transfer from the row before


def draw_friend_moments(world: World, persons: Persons) -> Array:
    """When each person becomes somebody's friend; NEVER for those who do not."""
    draws, preset, count = world.draws("friends"), world.preset, world.persons
    likes = draws.random(count) < preset.friend_share * np.where(
        persons.source == SOURCES.index("private"), 1.5, 1.0
    )
    friend = persons.is_identified & (likes | persons.never_buys)
    wait = waits(draws, 45, count)
    day = day_of(persons.entered + np.where(persons.never_buys, DAY, wait))
    moment = midnight(day) + 36_000 + (draws.random(count) * 11 * 3_600).astype(np.int64)
    return np.where(friend & (moment < world.end), moment, NEVER)


def draw_contacts(world: World, persons: Persons, organisation: Organisation, accounts: Accounts) -> Contacts:
    """Friendships as they would be if nobody sent anything."""
    draws = world.draws("contacts")
    friend = np.flatnonzero(accounts.of[WECOM] > 0)
    second = friend[draws.random(len(friend)) < 0.08]
    person = np.concatenate([friend, second])
    size = len(person)
    is_main = np.arange(size) < len(friend)
    started = accounts.since[WECOM, person] + np.where(is_main, 0, waits(draws, 120, size) + DAY)
    keep = started < world.end
    person, is_main, started = person[keep], is_main[keep], started[keep]
    size = len(person)
    store = persons.store[person]
    staff = organisation.guide_on(store, day_of(started), draws.random(size))
    ended = started + waits(draws, NATURAL_DAYS, size) + 3_600
    by = np.where(draws.random(size) < 0.85, CUSTOMER, STAFF)

    # Leavers hand over most of their customers to the manager of the store.
    leaves = midnight(organisation.left[staff]) + draws.integers(1, 3, size) * DAY + 39_600
    passes = is_main & (leaves < ended) & (leaves < world.end) & (draws.random(size) < 0.8)
    next_staff = organisation.guides[store, -1]
    row = np.repeat(np.arange(size), np.where(passes, 2, 1))
    successor = np.concatenate([[False], row[1:] == row[:-1]])
    handed_over = passes[row] & ~successor
    return Contacts(
        person=person[row],
        staff=np.where(successor, next_staff[row], staff[row]),
        started=np.where(successor, leaves[row], started[row]),
        ended=np.where(handed_over, leaves[row], ended[row]),
        ended_by=np.where(handed_over, TRANSFER, by[row]),
        is_main=is_main[row],
        is_successor=successor,
    )


def settle_contacts(contacts: Contacts, gone: Array) -> Contacts:
    """What is left when customers of `gone` (moment per person) end their main friendship then."""
    at = np.where(contacts.is_main, gone[contacts.person], NEVER)
    keep = (contacts.started < at) | ~contacts.is_successor
    at = np.maximum(at, contacts.started + 60)
    earlier = at < contacts.ended
    values = {
        "person": contacts.person,
        "staff": contacts.staff,
        "started": contacts.started,
        "ended": np.where(earlier, at, contacts.ended),
        "ended_by": np.where(earlier, CUSTOMER, contacts.ended_by),
        "is_main": contacts.is_main,
        "is_successor": contacts.is_successor,
    }
    return Contacts(**{name: value[keep] for name, value in values.items()})


def draw_friendship_tables(world: World, persons: Persons, accounts: Accounts, contacts: Contacts) -> None:
    """Tables contacts, transfers, tags, contact_tags, chats, account_facts."""
    draws = world.draws("friendship_tables")
    size = len(contacts.person)
    entry = choose(draws, ENTRY_WEIGHTS, size)
    entry = np.where(persons.source[contacts.person] == SOURCES.index("referral"), 4, entry)
    notes = draws.random(size) < 0.5
    wrong = draws.random(size) < 0.005
    about = np.where(wrong, draws.integers(0, world.persons, size), contacts.person)
    world.put(
        "contacts",
        {
            "contact_id": np.arange(1, size + 1),
            "person_id": contacts.person + 1,
            "account_id": accounts.of[WECOM, contacts.person],
            "staff_id": contacts.staff + 1,
            "started": contacts.started,
            "ended": contacts.ended,
            "ended_by": contacts.ended_by,
            "is_main": contacts.is_main,
            "is_successor": contacts.is_successor,
            "entry": np.where(contacts.is_successor, 9, entry),
            "code": draws.integers(0, 1_000, size),
            "phone": np.where(notes, persons.phone_at(about, contacts.started), 0),
            "has_spoken": draws.random(size) < 0.6,
        },
    )
    world.sql(CONTACT_TABLES)
    _draw_tags(world, draws, contacts)
    _draw_chats(world, draws, contacts)
    _draw_facts(world, persons)


def _draw_tags(world: World, draws: np.random.Generator, contacts: Contacts) -> None:
    """One to three tags, some taken off later."""
    tags = int(world.get("select count(*) as n from draft.tags")["n"][0])
    row, _ = ranges(draws.integers(1, 4, len(contacts.person)))
    size = len(row)
    tagged = contacts.started[row] + waits(draws, 20, size)
    inside = tagged < np.minimum(contacts.ended[row], world.end)
    row, tagged = row[inside], tagged[inside]
    size = len(row)
    world.put(
        "contact_tags",
        {
            "contact_id": row + 1,
            "tag_id": draws.integers(1, tags + 1, size),
            "tagged": tagged,
            "removed": np.where(draws.random(size) < 0.1, tagged + waits(draws, 100, size) + 60, NEVER),
        },
    )
    world.sql("""
        create view world.contact_tags as
        select contact_id, tag_id, utc(min(tagged)) as tagged_at, utc(max(removed)) as removed_at
        from draft.contact_tags group by contact_id, tag_id
    """)


def _draw_chats(world: World, draws: np.random.Generator, contacts: Contacts) -> None:
    """Conversations; the later in a friendship, the fewer."""
    from_ = np.maximum(contacts.started, world.start)
    span = np.maximum(np.minimum(contacts.ended, world.end) - from_, 0)
    row, _ = ranges(draws.poisson(CHATS_PER_YEAR * span / DAY / 365))
    size = len(row)
    day = day_of(from_[row] + (span[row] * draws.random(size) ** 1.3).astype(np.int64))
    started = np.maximum(
        midnight(day) + 32_400 + (draws.beta(2, 2, size) * 14 * 3_600).astype(np.int64), from_[row]
    )
    inside = started < np.minimum(contacts.ended[row], world.end)
    row, started = row[inside], started[inside]
    order = np.argsort(started, kind="stable")
    row, started, size = row[order], started[order], len(row)
    by_customer = draws.random(size) < 0.55
    answered = draws.random(size) < np.where(by_customer, 0.93, 0.4)
    world.put(
        "chats",
        {
            "chat_id": np.arange(1, size + 1),
            "contact_id": row + 1,
            "started": started,
            "by_customer": by_customer,
            "is_consult": by_customer & (draws.random(size) < 0.5),
            "replied": np.where(answered, started + 30 + waits(draws, 0.02, size), NEVER),
            "messages": 1 + np.where(answered, draws.geometric(0.2, size), 0),
        },
    )
    world.sql("""
        create view world.chats as
        select
            chat_id, contact_id, utc(started) as started_at, if(by_customer, 'customer', 'staff') as opened_by,
            is_consult, utc(replied) as replied_at, messages
        from draft.chats
    """)


def _draw_facts(world: World, persons: Persons) -> None:
    """What accounts have told: sizes, children, needs, trades. A few statements replace earlier ones."""
    draws = world.draws("facts")
    accounts = world.get(
        "select account_id, person_id - 1 as person, registered, channel from draft.accounts"
    )
    parts = []
    child = persons.child_month > 0
    by_attribute = (
        ("size", 0.4 * (len(world.preset.sizes) > 1), np.full(world.persons, True)),
        ("child_birth_month", 0.5, child),
        ("need", 0.3, np.full(world.persons, True)),
        ("trade_role", 0.6, persons.is_trade),
        ("special_need", 0.03, child),
    )
    for number, (_, share, applies) in enumerate(by_attribute):
        row = np.flatnonzero(
            applies[accounts["person"]]
            & (draws.random(len(accounts["person"])) < share)
            & (accounts["channel"] < 4)
        )
        parts.append((row, np.full(len(row), number), draws.integers(0, 6, len(row))))
    row, attribute, pick = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    said = np.maximum(accounts["registered"][row], world.start - 300 * DAY) + waits(draws, 40, len(row))
    again = np.where(
        (attribute == 2) & (draws.random(len(row)) < 0.2), said + waits(draws, 150, len(row)) + 60, NEVER
    )
    world.put(
        "facts",
        {
            "account_id": accounts["account_id"][row],
            "attribute": attribute,
            "pick": pick,
            "said": said,
            "again": again,
        },
    )
    world.sql(FACT_TABLES)


CONTACT_TABLES = """
create table draft.tags as
select row_number() over () as tag_id, group_name, name, position, group_position from (
    select
        unnest(getvariable('tag_groups')) as group_name, unnest(getvariable('tag_names')) as name,
        unnest(getvariable('tag_positions')) as position, unnest(getvariable('tag_group_numbers')) as group_position
);
create view world.tags as
select
    tag_id, opaque('et', tag_id) as wecom_tag_id, group_name, opaque('etg', group_position) as wecom_group_id, name,
    on_day(getvariable('first_day') - 400) as created_at, position
from draft.tags;

create table draft.contact_campaigns as
select contact_id, max(campaign_id) as campaign_id
from draft.contacts join draft.campaigns on entry = 5 and tool < 3 and started between starts and ends
group by contact_id;

create view world.contacts as
select
    contact_id, account_id, staff_id, utc_ever(started) as started_at, utc(ended) as ended_at,
    if(utc(ended) is null, null, ['customer', 'staff', 'transfer'][ended_by]) as ended_by,
    if(entry = 9, 202, [1, 1, 3, 16, 3, 1][entry + 1]) as add_way,
    if(entry = 9, 'transfer', ['store', 'parcel', 'guide', 'acquisition_link', 'referral', 'campaign'][entry + 1])
        as entry_point,
    case
        when entry in (0, 5) then 'qr' || padded(code % 100, 3)
        when entry = 1 then 'parcel'
        when entry = 3 then link.channel_state
    end as state,
    link.link_id, campaign.campaign_id,
    pick('nicknames', person_id * 3) || if(phone > 0, ' ' || phone % 10000, '') as remark,
    phone_text(phone) as remark_phone, has_spoken
from draft.contacts
left join draft.links as link on entry = 3 and link.link_id = code % 10 + 1
left join draft.contact_campaigns as campaign using (contact_id);

create table draft.transfers as
select
    row_number() over (order by old.contact_id) as transfer_id, old.contact_id, old.account_id,
    old.staff_id as handover_staff_id, new.staff_id as takeover_staff_id, old.ended, new.contact_id as new_contact_id
from draft.contacts as old
join draft.contacts as new on new.contact_id = old.contact_id + 1 and new.is_successor
where old.ended_by = 3;
create view world.transfers as
select
    transfer_id, contact_id, account_id, handover_staff_id, takeover_staff_id, 'resigned' as kind,
    utc(ended - 86400) as requested_at, utc(ended) as completed_at, null as refused_at, new_contact_id
from draft.transfers
union all  -- customers who refuse to be moved to another employee of the store
select
    1000000000 + contact_id, contact_id, account_id, contacts.staff_id, manager.staff_id, 'on_job',
    utc(started + 90 * 86400), null, utc(started + 91 * 86400), null
from draft.contacts
join draft.staff as own using (staff_id)
join draft.staff as manager on manager.store = own.store and manager.role = 1
where contact_id % 400 = 0 and ended > started + 92 * 86400 and started + 91 * 86400 < getvariable('world_end')
    and own.role = 0 and own.left_day > getvariable('end_day') and started + 90 * 86400 >= getvariable('world_start');
"""

FACT_TABLES = """
create table draft.stated as
select *, row_number() over (order by account_id, attribute) as number from draft.facts
where said < getvariable('world_end');
create table draft.fact_values as
select
    stated.*, ['size', 'child_birth_month', 'need', 'trade_role', 'special_need'][attribute + 1] as attribute_name,
    case attribute
        when 0 then size
        when 1 then strftime(date '1970-01-01' + to_months(cast(child_month as integer)), '%Y-%m')
        when 2 then pick('needs', pick)
        when 3 then 'painter'
        else ['allergy', 'premature'][pick % 2 + 1]
    end as value
from draft.stated join draft.accounts using (account_id) join draft.persons using (person_id);
create view world.account_facts as
select
    number * 2 as fact_id, account_id, attribute_name as attribute, value, utc(said) as stated_at,
    utc(again) as replaced_at
from draft.fact_values
union all
select number * 2 + 1, account_id, attribute_name, pick('needs', pick + 1), utc(again), null
from draft.fact_values where again < getvariable('world_end');
"""
