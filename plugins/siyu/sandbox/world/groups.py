"""Customer groups: who is in them, how lively they are, and how some of them fall silent."""

import numpy as np

from siyu.sandbox.world.accounts import WECOM, Accounts
from siyu.sandbox.world.draft import Array, World, day_of, midnight, waits
from siyu.sandbox.world.organisation import Organisation

FRIENDS_PER_GROUP = 100
SILENT_SHARE = 0.35


def draw_groups(world: World, organisation: Organisation, accounts: Accounts, gone: Array) -> None:
    """Tables groups, group_members, group_days. `gone` is when persons end their main friendship."""
    draws = world.draws("groups")
    friend = np.flatnonzero(accounts.of[WECOM] > 0)
    count = max(8, len(friend) // FRIENDS_PER_GROUP)
    created_day = world.first_day + draws.integers(-200, max(int(world.days * 0.7), 1), count)
    created = midnight(created_day) + 37_000
    dissolved_day = np.where(
        draws.random(count) < 0.06, created_day + draws.integers(150, 500, count), world.end_day + 10_000
    )
    dissolved_day = np.where(dissolved_day < world.first_day, world.end_day + 10_000, dissolved_day)
    dissolved = midnight(dissolved_day) + 50_000
    silent = np.where(
        draws.random(count) < SILENT_SHARE,
        created_day + draws.integers(30, 260, count),
        world.end_day + 10_000,
    )
    owner = organisation.guides[draws.integers(0, len(organisation.guides), count), -1]
    late_owner = midnight(organisation.hired[owner]) > created
    owner = np.where(late_owner, organisation.guides[0, -1], owner)
    groups = {
        "group_id": np.arange(1, count + 1),
        "owner": owner + 1,
        "created": created,
        "dissolved": dissolved,
        "silent": silent,
        "of_campaign": np.arange(count) % 5 == 4,
    }
    world.put("groups", groups)

    person = np.concatenate(
        [friend[draws.random(len(friend)) < 0.4], friend[draws.random(len(friend)) < 0.1]]
    )
    group = draws.integers(0, count, len(person))
    _, once = np.unique(group * np.int64(world.persons) + person, return_index=True)
    person, group = person[once], group[once]
    joined = np.maximum(accounts.since[WECOM, person], created[group]) + 600 + waits(draws, 60, len(person))
    left = np.minimum(joined + 3_600 + waits(draws, 600, len(person)), np.maximum(gone[person], joined + 60))
    left = np.minimum(left, dissolved[group])
    inside = joined < np.minimum(world.end, dissolved[group])
    person, group, joined, left = person[inside], group[inside], joined[inside], left[inside]
    scene = draws.integers(1, 4, len(person))
    member = {
        "group_id": np.concatenate([np.arange(count), group]) + 1,
        "account_id": np.concatenate([np.zeros(count, dtype=np.int64), accounts.of[WECOM, person]]),
        "staff_id": np.concatenate([owner + 1, np.zeros(len(person), dtype=np.int64)]),
        "joined": np.concatenate([created, joined]),
        "left_after": np.concatenate([dissolved, left]),
        "scene": np.concatenate([np.ones(count, dtype=np.int64), scene]),
        "inviter": np.concatenate([owner + 1, np.where(scene == 1, owner[group] + 1, 0)]),
    }
    world.put("group_members", member)
    _draw_days(world, draws, groups, member)
    world.sql(TABLES)


def _draw_days(
    world: World, draws: np.random.Generator, groups: dict[str, Array], member: dict[str, Array]
) -> None:
    """Daily figures from the day a group exists; a silent group keeps only what employees post."""
    created, silent = day_of(groups["created"]), groups["silent"]
    ended = np.minimum(day_of(groups["dissolved"]), world.end_day)
    shape = (len(created), world.days + 1)
    group = member["group_id"] - 1
    came = np.clip(day_of(member["joined"]) - world.first_day, -1, world.days)
    went = np.clip(day_of(member["left_after"]) - world.first_day, 0, world.days)
    joins, leaves = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    early = np.bincount(group[came < 0], minlength=shape[0])
    np.add.at(joins, (group[came >= 0], came[came >= 0]), 1)
    np.add.at(leaves, (group, went), 1)
    size = early[:, None] + np.cumsum(joins - leaves, axis=1)
    day = world.first_day + np.arange(shape[1])[None, :]
    runs = (day >= created[:, None]) & (day < ended[:, None])
    row, column = np.nonzero(runs)
    age = column + world.first_day - created[row]
    lively = (0.02 + 0.08 * np.exp(-age / 120)) * (column + world.first_day < silent[row])
    active = draws.binomial(np.maximum(size[row, column] - 1, 0), lively)
    world.put(
        "group_days",
        {
            "group_id": row + 1,
            "day": column + world.first_day,
            "new_members": joins[row, column],
            "members": size[row, column],
            "active": active,
            "messages": active + draws.poisson(active * 1.5),
            "staff_messages": draws.poisson(0.6, len(row)),
        },
    )


TABLES = """
create view world.groups as
select
    group_id, opaque('wr', group_id) as wecom_chat_id,
    pick('group_names', group_id) || padded(group_id, 4) as name, owner as owner_staff_id,
    pick('group_purposes', group_id) as purpose, campaign_id, utc_ever(created) as created_at,
    utc(dissolved) as dissolved_at, before_end(on_day(silent)) as silent_from_on
from draft.groups
left join (
    select min_by(campaign_id, starts) as campaign_id, group_id as group_id from draft.campaigns
    join draft.groups on of_campaign and starts > groups.created and tool < 3 group by group_id
) using (group_id);

create view world.group_members as
select
    group_id, row_number() over (partition by group_id order by joined, staff_id, account_id) as member_no,
    positive(account_id) as account_id, positive(staff_id) as staff_id, utc_ever(joined) as joined_at,
    utc(left_after) as left_at, scene as join_scene, positive(inviter) as invited_by_staff_id,
    if(scene = 3 and account_id > 0, 'qr' || padded(account_id % 100, 3), null) as state
from draft.group_members;

create view world.group_days as
select
    group_id, on_day(day) as stat_on, new_members, members, active as active_members, messages as member_messages,
    staff_messages
from draft.group_days;
"""
