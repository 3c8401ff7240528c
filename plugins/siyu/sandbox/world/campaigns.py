"""Marketing to friends and followers: campaigns with holdouts, plain mass messages, Moments, template messages.

What a campaign truly does: of the persons it reaches, some place one order that they would not have placed otherwise,
days later. Held-out persons do not. What every message also does: it drives some people away, the more of them the
more messages they had of late.
"""

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from siyu.sandbox.world.accounts import FOLLOWER, POS, TMALL, WECOM, YOUZAN, Accounts
from siyu.sandbox.world.calendar import festival
from siyu.sandbox.world.draft import DAY, EPOCH, NEVER, Array, World, day_of, midnight, waits
from siyu.sandbox.world.friends import CUSTOMER, Contacts
from siyu.sandbox.world.organisation import Organisation

WINDOW_DAYS = 30
MASS_MESSAGE, MOMENT, TEMPLATE = range(3)
TOOLS = (MASS_MESSAGE, TEMPLATE, MOMENT, MASS_MESSAGE, MASS_MESSAGE, TEMPLATE)
CAUSES = ("own", "campaign", "ad", "service", "referral")
MONTHLY_LIMIT = 4  # mass messages to one customer in 30 days


@dataclass(frozen=True, kw_only=True)
class ExtraOrders:
    """Orders that something caused: person, channel, moment, cause (position in CAUSES), what and when it was."""

    person: Array
    channel: Array
    created: Array
    cause: Array
    campaign: Array  # campaign_id or ad_campaign_id, 0 without
    touch_key: Array  # draft key of the touch: message, click, task
    touched: Array


@dataclass
class Pressure:
    """Who has had how much of late, and who has had enough."""

    gone: Array  # moment at which a person ends the main friendship
    gone_follower: Array
    recent: Array  # touches of the last 30 days, decaying
    last: int = 0
    extra: list[ExtraOrders] = field(default_factory=list)

    def forget(self, moment: int) -> None:
        """Let old touches fade."""
        self.recent *= np.exp(-(moment - self.last) / (30 * DAY))
        self.last = moment


def open_channel(accounts: Accounts, person: Array, moment: Array) -> Array:
    """The channel in which a person who already has an account there would buy now; -1 when there is none."""
    channel = np.full(len(person), -1)
    for candidate in (WECOM, TMALL, POS, YOUZAN):
        channel = np.where(accounts.since[candidate, person] < moment, candidate, channel)
    return channel


def draw_campaigns(
    world: World, organisation: Organisation, accounts: Accounts, contacts: Contacts
) -> Pressure:
    """Send everything in the order of time; what it did to people and which orders it caused is in the result."""
    draws, preset = world.draws("campaigns"), world.preset
    follower = np.flatnonzero(accounts.of[FOLLOWER] > 0)
    unfollowed = np.full(world.persons, NEVER)
    unfollowed[follower] = accounts.since[FOLLOWER, follower] + waits(draws, 1_200, len(follower)) + 60
    pressure = Pressure(
        gone=np.full(world.persons, NEVER), gone_follower=unfollowed, recent=np.zeros(world.persons)
    )
    campaign_days = range(8, world.days - WINDOW_DAYS - 2, preset.campaign_every_days)
    plan = [(day, TOOLS[number % len(TOOLS)], number + 1) for number, day in enumerate(campaign_days)]
    plan += [(day, MASS_MESSAGE, 0) for day in range(3, world.days - 1, preset.message_every_days)]
    plan += [(day, MOMENT, 0) for day in range(5, world.days - 1, 30)]
    sent = {MASS_MESSAGE: 0, MOMENT: 0, TEMPLATE: 0}
    for day, tool, campaign in sorted(plan):
        sent[tool] += 1
        moment = int(midnight(world.first_day + day) + 10 * 3_600 + draws.integers(0, 8 * 3_600))
        pressure.forget(moment)
        broadcast = Broadcast(
            world=world,
            draws=draws,
            organisation=organisation,
            accounts=accounts,
            pressure=pressure,
            number=sent[tool],
            tool=tool,
            campaign=campaign,
            moment=moment,
        )
        broadcast.choose(contacts)
        broadcast.send()
    world.add("campaigns", _referral_campaign(len(campaign_days) + 1))
    _group_messages(world, draws, organisation, sent[MASS_MESSAGE])
    return pressure


@dataclass(kw_only=True)
class Broadcast:
    """One message, post or template on its way to many; `campaign` is 0 for a plain one."""

    world: World
    draws: np.random.Generator
    organisation: Organisation
    accounts: Accounts
    pressure: Pressure
    number: int
    tool: int
    campaign: int
    moment: int
    people: Array = field(init=False)
    staff: Array = field(init=False)  # position of each one's friend
    is_friend: Array = field(init=False)  # the friendship is still open
    eligible: int = field(init=False)

    def choose(self, contacts: Contacts) -> None:
        """Draw who gets it: for a campaign everybody eligible but the holdout, else a part."""
        rows = self._followers() if self.tool == TEMPLATE else self._friends(contacts)
        preset, self.eligible = self.world.preset, len(rows[0])
        if self.campaign:
            share = 1 - preset.holdout_share
        else:
            share = preset.message_audience if self.tool == MASS_MESSAGE else preset.moment_audience
        treated = self.draws.random(self.eligible) < share
        if self.campaign:
            self._put_campaign(rows[0], treated)
        self.people, self.staff, self.is_friend = (column[treated] for column in rows)

    def send(self) -> None:
        """Deliver it, then let it work: `came` is when each one got it, NEVER for those who did not."""
        deliver = {
            MASS_MESSAGE: self._send_messages,
            MOMENT: self._post_moment,
            TEMPLATE: self._send_templates,
        }
        came = deliver[self.tool]()
        if self.campaign:
            self._make_buy(came)
        self._drive_away(came)

    def _friends(self, contacts: Contacts) -> tuple[Array, Array, Array]:
        """Main friendships that staff see: open ones, and those a customer has ended in the last 60 days."""
        gone, began = self.pressure.gone[contacts.person], contacts.started < self.moment
        ended = np.minimum(contacts.ended, gone)
        open_ = contacts.is_main & began & (ended > self.moment)
        by_customer = (contacts.ended_by == CUSTOMER) | (gone < contacts.ended)
        visible = contacts.is_main & began & by_customer & (ended > self.moment - 60 * DAY)
        row = np.flatnonzero(open_ | (visible & (contacts.started < gone)))
        return contacts.person[row], contacts.staff[row], open_[row]

    def _followers(self) -> tuple[Array, Array, Array]:
        """Followers of the official account who can buy somewhere."""
        everybody = np.arange(self.world.persons)
        follows = self.accounts.since[FOLLOWER] < self.moment
        follows &= self.pressure.gone_follower > self.moment
        now = np.full(len(everybody), self.moment)
        people = everybody[follows & (open_channel(self.accounts, everybody, now) >= 0)]
        return people, np.zeros(len(people), dtype=np.int64), np.full(len(people), True)

    def _put_campaign(self, people: Array, treated: Array) -> None:
        """The campaign and its arms."""
        today = EPOCH + timedelta(days=int(day_of(self.moment)))
        near = [festival(today + timedelta(days=ahead)) for ahead in range(10)]
        self.world.add(
            "campaigns",
            {
                "campaign_id": np.array([self.campaign]),
                "festival_code": np.array([next((code for code in near if code), "")], dtype=object),
                "tool": np.array([self.tool]),
                "starts": np.array([self.moment]),
                "ends": np.array([self.moment + WINDOW_DAYS * DAY]),
                "holdout_share": np.array([self.world.preset.holdout_share]),
            },
        )
        self.world.add(
            "campaign_members",
            {
                "campaign_id": np.full(len(people), self.campaign),
                "account_id": self.accounts.of[FOLLOWER if self.tool == TEMPLATE else WECOM, people],
                "is_treated": treated,
                "assigned": np.full(len(people), self.moment - 3_600),
            },
        )

    def _confirmed(self) -> tuple[Array, Array, Array]:
        """Employees concerned; when each confirms (NEVER for one in twelve and for leavers); row to employee."""
        who, place = np.unique(self.staff, return_inverse=True)
        confirmed = self.moment + 60 + (self.draws.random(len(who)) ** 3 * 1.2 * DAY).astype(np.int64)
        idle = self.draws.random(len(who)) < 0.08
        idle |= self.organisation.left[who] <= day_of(confirmed)
        return who, np.where(idle, NEVER, confirmed), place

    def _later(self, came: Array, share: float, mean_days: float) -> Array:
        """What a share of the receivers do some time after it came."""
        does = self.draws.random(len(came)) < share
        return np.where(does, came + 60 + waits(self.draws, mean_days, len(came)), NEVER)

    def _send_messages(self) -> Array:
        """A mass message: tasks for employees, a result per customer."""
        who, confirmed, place = self._confirmed()
        size, people = len(self.people), self.people
        over = self.pressure.recent[people] >= MONTHLY_LIMIT
        lost = ~self.is_friend | (self.pressure.gone[people] <= confirmed[place])
        outcome = np.select([confirmed[place] == NEVER, lost, over], [3, 1, 2], 0)
        came = np.where(outcome == 0, confirmed[place] + np.arange(size) % 50, NEVER)
        managers = self.organisation.guides[:, -1]
        self.world.add(
            "messages",
            {
                "message_id": np.array([self.number]),
                "created": np.array([self.moment]),
                "campaign_id": np.array([self.campaign]),
                "creator": np.array([0 if self.campaign else managers[self.number % len(managers)] + 1]),
                "is_group": np.array([False]),
            },
        )
        self.world.add(
            "message_tasks",
            {"message_id": np.full(len(who), self.number), "staff_id": who + 1, "sent": confirmed},
        )
        self.world.add(
            "message_results",
            {
                "message_id": np.full(size, self.number),
                "staff_id": self.staff + 1,
                "account_id": self.accounts.of[WECOM, people],
                "group_id": np.zeros(size, dtype=np.int64),
                "sent": came,
                "outcome": outcome,
                "replied": self._later(came, 0.07, 0.3),
                "clicked": self._later(came, 0.12, 0.2),
            },
        )
        return came

    def _post_moment(self) -> Array:
        """A Moments post for chosen friends, visible once its employee has published it."""
        who, confirmed, place = self._confirmed()
        size = len(self.people)
        sees = self.is_friend & (self.pressure.gone[self.people] > confirmed[place])
        came = np.where(sees, confirmed[place], NEVER)
        self.world.add(
            "moments",
            {
                "moment_id": np.array([self.number]),
                "created": np.array([self.moment]),
                "campaign_id": np.array([self.campaign]),
            },
        )
        self.world.add(
            "moment_tasks",
            {"moment_id": np.full(len(who), self.number), "staff_id": who + 1, "published": confirmed},
        )
        self.world.add(
            "moment_reach",
            {
                "moment_id": np.full(size, self.number),
                "staff_id": self.staff + 1,
                "account_id": self.accounts.of[WECOM, self.people],
                "visible": came,
                "liked": self._later(came, 0.06, 0.5),
                "commented": self._later(came, 0.01, 0.5),
                "clicked": self._later(came, 0.08, 0.5),
            },
        )
        return came

    def _send_templates(self) -> Array:
        """Template messages to followers, within minutes."""
        size = len(self.people)
        sent = self.moment + np.arange(size) // 200
        outcome = np.searchsorted([0.97, 0.99], self.draws.random(size))
        came = np.where(outcome == 0, sent, NEVER)
        self.world.add(
            "template_messages",
            {
                "account_id": self.accounts.of[FOLLOWER, self.people],
                "campaign_id": np.full(size, self.campaign),
                "order_id": np.zeros(size, dtype=np.int64),
                "sent": sent,
                "outcome": outcome,
                "clicked": self._later(came, 0.15, 0.3),
            },
        )
        return came

    def _make_buy(self, came: Array) -> None:
        """Some of those it reached place an order that they would not have placed, all within the window."""
        preset, reached = self.world.preset, came < NEVER
        buys = reached & (self.draws.random(len(came)) < preset.campaign_uplift)
        person, touched = self.people[buys], came[buys]
        wait = waits(self.draws, preset.campaign_slow_days, len(person)) % ((WINDOW_DAYS - 3) * DAY)
        self.pressure.extra.append(
            ExtraOrders(
                person=person,
                channel=open_channel(self.accounts, person, touched),
                created=touched + 600 + wait,
                cause=np.full(len(person), CAUSES.index("campaign")),
                campaign=np.full(len(person), self.campaign),
                touch_key=np.full(len(person), self.number),
                touched=touched,
            )
        )
        self.world.add(
            "effects",
            {
                "campaign_id": np.array([self.campaign]),
                "per_head": np.array([preset.campaign_uplift * reached.sum() / max(len(came), 1)]),
                "treated": np.array([len(came)]),
                "held_out": np.array([self.eligible - len(came)]),
            },
        )

    def _drive_away(self, came: Array) -> None:
        """Some of those it reached have had enough, the more so the more they got of late."""
        reached, recent = came < NEVER, self.pressure.recent
        weight = 0.3 if self.tool == MOMENT else 1.0
        chance = self.world.preset.unfriend_chance * weight * (1 + recent[self.people])
        leaves = reached & (self.draws.random(len(came)) < chance)
        gone = self.pressure.gone_follower if self.tool == TEMPLATE else self.pressure.gone
        who = self.people[leaves]
        gone[who] = np.minimum(gone[who], came[leaves] + 60 + waits(self.draws, 1.5, len(who)))
        recent[self.people[reached]] += weight


def _referral_campaign(number: int) -> dict[str, Array]:
    """The referral programme: always open, nobody held out."""
    return {
        "campaign_id": np.array([number]),
        "festival_code": np.array([""], dtype=object),
        "tool": np.array([3]),
        "starts": np.array([0]),
        "ends": np.array([NEVER]),
        "holdout_share": np.array([0.0]),
    }


def _group_messages(
    world: World, draws: np.random.Generator, organisation: Organisation, sent_before: int
) -> None:
    """One mass message a month to customer groups; the groups decide who gets it (groups.py)."""
    days = np.arange(12, world.days - 1, 30)
    size = len(days)
    moments = midnight(world.first_day + days) + 11 * 3_600 + draws.integers(0, 3_600, size)
    world.add(
        "messages",
        {
            "message_id": sent_before + 1 + np.arange(size),
            "created": moments,
            "campaign_id": np.zeros(size, dtype=np.int64),
            "creator": organisation.guides[days % len(organisation.guides), -1] + 1,
            "is_group": np.full(size, True),
        },
    )
