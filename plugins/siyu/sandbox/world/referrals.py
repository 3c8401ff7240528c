"""Who brought whom with a share code, over several generations, and who cheated for the reward."""

import numpy as np

from siyu.sandbox.world.accounts import YOUZAN, Accounts
from siyu.sandbox.world.draft import World
from siyu.sandbox.world.persons import SOURCES, Persons

INVITEES_WHO_INVITE = 0.5
MAX_GENERATIONS = 40


def draw_referrals(world: World, persons: Persons, accounts: Accounts) -> None:
    """Draft of the referrals: invited accounts with the accounts that brought them, in the order of time."""
    draws, preset = world.draws("referrals"), world.preset
    youzan = np.flatnonzero(accounts.channel == YOUZAN)
    person = accounts.person[youzan]
    second = accounts.is_second[youzan]
    came_so = (persons.source[person] == SOURCES.index("referral")) & ~second
    came_so &= accounts.registered[youzan] >= world.start
    cheats = np.isin(person, person[second])
    draw = draws.random(len(youzan))
    invites = ~second & np.where(came_so, draw < INVITEES_WHO_INVITE, (draw < preset.referral_share) | cheats)

    # Everybody who came so was invited by somebody who was there before, whoever that is.
    inviters = youzan[invites]  # by time, as account ids are
    invitees = youzan[came_so]
    earlier = np.searchsorted(inviters, invitees)
    invitees, earlier = invitees[earlier > 0], earlier[earlier > 0]
    inviter = inviters[(draws.random(len(invitees)) * earlier).astype(np.int64)]

    own = accounts.of[YOUZAN, person[second]] - 1
    invitee = np.concatenate([invitees, youzan[second]])
    inviter = np.concatenate([inviter, own])
    in_range = accounts.registered[invitee] >= world.start
    invitee, inviter = invitee[in_range], inviter[in_range]
    order = np.argsort(invitee)
    invitee, inviter = invitee[order], inviter[order]

    generation = np.zeros(len(accounts.person), dtype=np.int64)
    for _ in range(MAX_GENERATIONS):
        following = generation.copy()
        following[invitee] = generation[inviter] + 1
        if np.array_equal(following, generation):
            break
        generation = following
    world.put(
        "referrals",
        {
            "referral_id": np.arange(1, len(invitee) + 1),
            "inviter_account_id": inviter + 1,
            "invitee_account_id": invitee + 1,
            "inviter_person": accounts.person[inviter] + 1,
            "invitee_person": accounts.person[invitee] + 1,
            "invited": accounts.registered[invitee],
            "generation": generation[invitee],
            "is_cheat": accounts.is_second[invitee],
            "is_caught": draws.random(len(invitee)) < 0.5,
        },
    )


# After the orders: the first paid order of an invitee pays the reward, three days later, unless the cheat is caught.
TABLES = """
create table draft.referral_orders as
select referral_id, min_by(order_id, created) as order_id, min(paid) as paid
from draft.referrals join draft.orders on account_id = invitee_account_id
where paid < getvariable('world_end')
group by referral_id;

create view world.referrals as
select
    referral_id, (select campaign_id from world.campaigns where tool = 'referral') as campaign_id,
    inviter_account_id, invitee_account_id, utc(invited) as invited_at, order_id as first_order_id,
    if(utc(earned) is not null, getvariable('referral_reward'), 0) as reward_fen, utc(earned) as rewarded_at
from (
    select *, case
        when is_cheat and is_caught then null
        when is_cheat then invited + 3 * 86400
        else paid + 3 * 86400
    end as earned
    from draft.referrals left join draft.referral_orders using (referral_id)
);

create view truth.referrals as
select
    referral_id, inviter_person as inviter_person_id, invitee_person as invitee_person_id, generation,
    case
        when not is_cheat then null
        when count(*) over (partition by is_cheat, inviter_person) > 1 then 'ring'
        else 'self'
    end as cheat
from draft.referrals;
"""
