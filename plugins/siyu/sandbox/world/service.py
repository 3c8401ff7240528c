"""The 3-3-3 service after store purchases: after 3 days, 3 weeks and 3 months. Slow, but it lasts."""

import numpy as np

from siyu.sandbox.world.accounts import POS, WECOM, YOUZAN, Accounts, OwnOrders
from siyu.sandbox.world.campaigns import CAUSES, ExtraOrders
from siyu.sandbox.world.draft import DAY, NEVER, Array, World, day_of, midnight, waits

AFTER_DAYS = np.array([3, 21, 92])  # the third is three calendar months, 92 days at most
SLOW_DAYS = 30  # mean from the service to the order it causes
ANSWERS = 0.35
ACCEPTS = np.array([0.5, 0.4, 0.12])  # of those carried out


def draw_service(world: World, accounts: Accounts, orders: OwnOrders, gone: Array) -> ExtraOrders:
    """Draft of the services of people's own store orders; the orders that services through friends caused."""
    draws, preset = world.draws("service"), world.preset
    bought = np.flatnonzero((orders.channel == POS) & (accounts.of[POS, orders.person] > 0))
    row = np.repeat(bought, 3)
    step = np.tile(np.arange(3), len(bought))
    due = day_of(orders.created[row]) + AFTER_DAYS[step]
    inside = due < world.end_day
    row, step, due = row[inside], step[inside], due[inside]
    size, person = len(row), orders.person[row]
    done = midnight(due) + 36_000 + draws.integers(0, 30_000, size) + draws.integers(0, 3, size) * DAY
    done = np.where(draws.random(size) < preset.service_share, done, NEVER)
    friend = (accounts.since[WECOM, person] < done) & (gone[person] > done)
    answered = np.where(draws.random(size) < ANSWERS, done + 300 + waits(draws, 0.5, size), NEVER)
    accepted = np.where(
        draws.random(size) < ACCEPTS[step], midnight(due + draws.integers(4, 12, size)) + 50_000, NEVER
    )
    world.put(
        "service",
        {
            "service_key": np.arange(size),
            "order_draft": row,
            "person_id": person + 1,
            "step": step + 1,
            "done": done,
            "answered": np.where(done < NEVER, answered, NEVER),
            "accepted": np.where(done < NEVER, accepted + draws.integers(0, 3_600, size), NEVER),
        },
    )
    buys = friend & (done < world.end) & (draws.random(size) < preset.service_uplift)
    person, done = person[buys], done[buys]
    return ExtraOrders(
        person=person,
        channel=np.where(accounts.since[YOUZAN, person] < done, YOUZAN, POS),
        created=done + 600 + waits(draws, SLOW_DAYS, len(person)),
        cause=np.full(len(person), CAUSES.index("service")),
        campaign=np.zeros(len(person), dtype=np.int64),
        touch_key=np.flatnonzero(buys),
        touched=done,
    )


# After the orders, since a full refund cancels what is still due. A trade-in is accepted by a later receipt.
TABLES = """
create table draft.full_refunds as
select order_id, max(succeeded) as refunded from draft.refunds
join (
    select order_id, count(*) as lines from draft.order_lines where paid > 0 group by order_id
) using (order_id)
where succeeded < getvariable('world_end') and is_whole
group by order_id, lines having count(*) >= lines;

create table draft.services as
select
    row_number() over (order by order_id, step) as service_task_id, service_key, order_id, guide_id as staff_id, step,
    case step
        when 1 then shanghai_day(paid) + 3
        when 2 then shanghai_day(paid) + 21
        else cast(shanghai_day(paid) + interval 3 month as date)
    end as due_on,
    contact_id, done, answered, accepted, refunded, store_id, pos_account
from draft.service
join draft.order_keys using (order_draft)
join (
    select order_id, paid, guide_id, store_id, account_id as pos_account from draft.orders
    where paid < getvariable('world_end')
) using (order_id)
left join draft.full_refunds using (order_id)
left join (
    select person_id, contact_id, started, ended from draft.contacts where is_main
) as friend on friend.person_id = service.person_id and started < done and ended > done;

create view world.service_tasks as
select
    service_task_id, order_id, staff_id, step, due_on, contact_id,
    if(stopped, null, utc(done)) as done_at, if(stopped, null, utc(answered)) as answered_at,
    if(stopped, null, utc(accepted)) as accepted_at, if(stopped, utc(refunded), null) as cancelled_at
from (select *, coalesce(refunded < done, false) as stopped from draft.services);
"""
