"""Core over what WeCom's API told on five nights is what the world holds: who was whose friend, in which group, when.

Here: relations, messages, reactions, payments, guides and groups, also as of a night before the last. Not here: what
lands, which the channel's own tests compare; rules of the episodes, which stand as unit tests beside the models.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.channels import wecom
from siyu.channels.api import Account, extract_window
from siyu.channels.catalogue import declared
from siyu.landing.personal import open_keys
from siyu.sandbox.world.generate import generate_world
from siyu.settings import Home, Settings
from siyu.warehouse import build_warehouse
from tests.channels.sandboxed import FIRST, LAST, QUICK, Sandbox, is_whole, quick, sandbox, window

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("wecom_equals_the_world")]

SETTINGS = Settings(duckdb_threads=1, duckdb_memory_limit="1GB")
# the person that a customer is in this build: who that should be is tests/models/test_identity_equals_the_world
MEMBERS = """
    create view world.members as
    select account_id, customer_key, coalesce(member_id, customer_key) as member_id
    from world.customers
    left join warehouse.intermediate.int_members_of_customers using (customer_key)
"""
# one night is missed before the third, weeks of them before the fourth and the fifth
NIGHTS = (date(2026, 4, 21), date(2026, 4, 22), date(2026, 4, 24), date(2026, 5, 18), LAST)
GAP = timedelta(hours=36)
LISTS = ("departments", "staff", "guides", "contacts", "groups", "group_states")
EVENTS = (
    *("moments", "moment_tasks", "moment_reach", "moment_reactions"),
    *("mass_messages", "mass_message_tasks", "mass_message_results"),
    "bills",
)

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]
Pair = tuple[str, str]


def _at(night: date) -> datetime:
    """Three in the morning after that day in Shanghai, without a zone."""
    return datetime.combine(night, time(19))


@dataclass(frozen=True, kw_only=True)
class Landed:
    """A world, and a home in which five nights of its WeCom have landed."""

    world: Path
    home: Home
    corp: str


def _read(
    served: Sandbox, home: Home, corp: Account, stream: str, *, night: date, first: date | None = None
) -> None:
    record = extract_window(
        home,
        SETTINGS,
        quick(served.connector, stream),
        corp,
        stream,
        window(first or night, night),
        clock=lambda: _at(night).replace(tzinfo=UTC),
        patience=QUICK,
    )
    assert is_whole(record)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    world = tmp_path_factory.mktemp("world")
    generate_world(world, size="1500", seed=3, first=FIRST, last=LAST)
    home = Home(tmp_path_factory.mktemp("wecom") / "home").create()
    with sandbox(world, wecom.CONNECTOR, "/wecom") as served:
        app = served.app("self_built")
        corp = served.account(app.app_id, "wecom", {"secret": app.secret})
        for night in NIGHTS:
            served.server.clock(at=_at(night).replace(tzinfo=UTC).isoformat())
            for stream in LISTS:
                _read(served, home, corp, stream, night=night)
        for stream in EVENTS:
            _read(served, home, corp, stream, night=LAST, first=FIRST)
    return Landed(world=world, home=home, corp=app.app_id)


@dataclass(frozen=True, kw_only=True)
class Built:
    """A build as of a night: queries over it and over the world's own tables."""

    as_of: date
    ask: Ask

    @property
    def nights(self) -> list[date]:
        return [night for night in NIGHTS if night <= self.as_of]


@pytest.fixture(scope="module", params=[LAST, NIGHTS[2]], ids=["last_night", "third_night"])
def built(landed: Landed, request: pytest.FixtureRequest) -> Iterator[Built]:
    as_of = request.param
    build = build_warehouse(
        landed.home, SETTINGS, run_id="warehouse", as_of=as_of, declared={"wecom": declared()["wecom"]}
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build.path}' (read_only)")
        connection.execute("create schema world")
        for path in landed.world.glob("*.parquet"):
            connection.execute(f"create view world.{path.stem} as from read_parquet('{path}')")
        connection.execute("create table world.customers (account_id bigint, customer_key varchar)")
        connection.executemany("insert into world.customers values (?, ?)", _customers(landed))
        connection.execute(MEMBERS)
        connection.execute("set variable as_of = ?", [as_of])
        connection.execute("set variable told_by = ?", [_at(LAST)])
        connection.execute("set variable corp = ?", [landed.corp])
        connection.execute(
            """
            create macro yuan(fen) as cast(fen * 0.01 as decimal(18, 2));
            create macro day(moment) as cast(moment + interval 8 hours as date);
            create macro whole(moment) as date_trunc('second', moment);
            create macro as_of() as getvariable('as_of');
            create macro told_by() as getvariable('told_by');
            create macro keyed(id) as 'wecom|' || getvariable('corp') || '|' || id;
            """
        )
        yield Built(as_of=as_of, ask=lambda query: sorted(connection.execute(query).fetchall(), key=repr))


def _customers(landed: Landed) -> list[tuple[int, str]]:
    """Who of the world is which customer: accounts of WeCom under the token of their external_userid."""
    tokenizer = open_keys(landed.home).tokenizer
    with duckdb.connect() as connection:
        accounts = connection.execute(
            "select account_id, wecom_external_userid from read_parquet(?) where wecom_external_userid is not null",
            [str(landed.world / "accounts.parquet")],
        ).fetchall()
    tokens = ((account, tokenizer.token("external_userid", userid)) for account, userid in accounts)
    return [
        (account, f"m{sha256(f'customer|wecom|{token}'.encode()).hexdigest()[:20]}")
        for account, token in tokens
    ]


def same(built: Built, found: str, true: str) -> bool:
    rows, expected = built.ask(found), built.ask(true)
    assert expected, "a world too small to tell"
    assert rows == expected
    return True


# Who is in a list at a moment, with the start that is told; the newest of a pair alone.
FRIENDS = """
    select keyed(wecom_userid), member_id, whole(started_at)
    from (
        select * from world.contacts where started_at <= {at}
        qualify row_number() over (partition by staff_id, account_id order by started_at desc, contact_id desc) = 1
    )
    inner join world.staff using (staff_id)
    inner join world.members using (account_id)
    where
        (ended_at is null or ended_at > {at} or ended_by = 'customer')
        and hired_on <= day({at}) and (left_on is null or left_on > day({at}))
"""
IN_GROUPS = """
    select keyed(wecom_chat_id), member_id, whole(joined_at)
    from world.group_members
    inner join world.groups using (group_id)
    inner join world.members using (account_id)
    where
        joined_at <= {at} and (left_at is null or left_at > {at})
        and created_at <= {at} and (dissolved_at is null or dissolved_at > {at})
"""


def _true_episodes(built: Built, in_the_list: str) -> Iterable[tuple[Any, ...]]:
    """Stays as somebody would write them down who looks at the list each night."""
    seen: dict[Pair, dict[date, datetime]] = {}
    for night in built.nights:
        for one, other, start in built.ask(in_the_list.format(at=f"timestamp '{_at(night)}'")):
            seen.setdefault((one, other), {})[night] = start
    for pair, starts in seen.items():
        stays: list[dict[str, Any]] = []
        for night in built.nights:
            is_open = bool(stays) and stays[-1]["ended"] is None
            if (start := starts.get(night)) is None:
                if is_open:
                    stays[-1]["ended"] = _at(night)
                continue
            if is_open and not start > stays[-1]["last"]:
                stays[-1]["last"] = _at(night)
                continue
            if is_open:
                stays[-1]["ended"] = start
            is_known = not stays or start > stays[-1]["last"]
            stays.append(
                {
                    "start": start if is_known else _at(night),
                    "first": _at(night),
                    "last": _at(night),
                    "ended": None,
                }
            )
        for stay in stays:
            if (stay["start"] + timedelta(hours=8)).date() > built.as_of:
                continue  # came after midnight
            is_gap = stay["ended"] is not None and stay["ended"] - stay["last"] > GAP
            yield (*pair, *stay.values(), is_gap)


@pytest.mark.parametrize(
    ("relation_type", "holder", "in_the_list"),
    [("friend", "guide_key", FRIENDS), ("group_member", "group_key", IN_GROUPS)],
    ids=["friend", "group_member"],
)
def test_a_relation_is_lost_or_doubled_or_begins_or_ends_otherwise(
    built: Built, relation_type: str, holder: str, in_the_list: str
) -> None:
    expected = sorted(_true_episodes(built, in_the_list), key=repr)
    if built.as_of == LAST:
        assert any(is_gap for *_, is_gap in expected), "nobody left while nobody looked"
    if (built.as_of, relation_type) == (LAST, "friend"):
        assert any(ended is not None and not is_gap for *_, ended, is_gap in expected), "nobody left"
        assert len({pair[:2] for pair in expected}) < len(expected), "nobody came back"
    found = built.ask(
        f"""
        select {holder}, member_id, started_at, first_seen_at, last_seen_at, ended_before, is_gap
        from warehouse.core.fct_relations where relation_type = '{relation_type}'
        """  # noqa: S608
    )
    assert found == expected


def test_an_open_friendship_came_about_in_another_way(built: Built) -> None:
    at = f"timestamp '{_at(built.as_of)}'"
    assert same(
        built,
        "select guide_key, member_id, add_way, entry_parameter from warehouse.core.fct_relations "
        "where relation_type = 'friend' and is_open",
        FRIENDS.format(at=at).replace("whole(started_at)", "add_way, state", 1)
        + " and day(started_at) <= as_of()",
    )


def test_a_tag_is_lost_or_stays_after_it_was_taken_off(built: Built) -> None:
    at = f"timestamp '{_at(built.as_of)}'"
    friends = FRIENDS.format(at=at).replace("member_id, whole(started_at)", "customer_key, contact_id", 1)
    assert same(
        built,
        "select guide_key, customer_key, tag_key from warehouse.intermediate.int_wecom_contact_tag_episodes "
        "where ended_before is null",
        f"""
        select guide_key, customer_key, keyed(wecom_tag_id)
        from ({friends}) as friends(guide_key, customer_key, contact_id)
        inner join world.contact_tags using (contact_id)
        inner join world.tags using (tag_id)
        where tagged_at <= {at} and (removed_at is null or removed_at > {at})
        """,  # noqa: S608
    )


def test_a_message_counts_that_was_not_sent_or_one_that_was_is_lost(built: Built) -> None:
    assert same(
        built,
        "select message_key, guide_key, member_id, sent_at from warehouse.core.fct_messages "
        "where touch_type = 'mass_message'",
        """
        select keyed(wecom_msgid), keyed(wecom_userid), member_id, whole(sent_at)
        from world.mass_message_results
        inner join world.mass_messages using (message_id)
        inner join world.staff using (staff_id)
        inner join world.members using (account_id)
        where outcome = 'sent' and sent_at <= told_by() and day(sent_at) <= as_of()
        """,
    )


PUBLISHED = """
    from world.moment_reach
    inner join world.moments using (moment_id)
    inner join world.moment_tasks using (moment_id, staff_id)
    inner join world.staff using (staff_id)
    inner join world.members using (account_id)
    where published_at <= told_by() and (left_on is null or left_on > day(told_by()))
"""


def test_a_post_reached_others_than_those_who_could_see_it(built: Built) -> None:
    assert same(
        built,
        "select message_key, guide_key, member_id, sent_at, is_time_known from warehouse.core.fct_messages "
        "where touch_type = 'moment'",
        f"""
        select
            keyed(wecom_moment_id), keyed(wecom_userid), member_id, whole(moments.created_at), not is_corporate
        {PUBLISHED} and visible_at <= told_by() and day(moments.created_at) <= as_of()
        """,
    )


def test_a_reaction_is_lost_or_doubled(built: Built) -> None:
    assert same(
        built,
        "select interaction_type, message_key, guide_key, member_id, interacted_at "
        "from warehouse.core.fct_interactions",
        f"""
        select 'moment_like', keyed(wecom_moment_id), keyed(wecom_userid), member_id, whole(liked_at)
        {PUBLISHED} and day(liked_at) <= as_of() and liked_at <= told_by()
        union all
        select 'moment_comment', keyed(wecom_moment_id), keyed(wecom_userid), member_id, whole(commented_at)
        {PUBLISHED} and day(commented_at) <= as_of() and commented_at <= told_by()
        """,
    )


def test_a_payment_is_lost_or_differs_by_a_fen(built: Built) -> None:
    assert built.ask("select 1 from warehouse.core.fct_payments where payment_state <> 'paid'"), "no refund"
    assert same(
        built,
        "select transaction_id, guide_key, member_id, paid_at, paid_amount, refunded_amount, payment_state "
        "from warehouse.core.fct_payments",
        """
        with refunds as (
            select bill_id, sum(amount_fen) as refunded_fen
            from world.bill_refunds
            where succeeded_at <= told_by() and day(requested_at) <= as_of()
            group by bill_id
        )

        select
            transaction_id, keyed(wecom_userid), member_id, whole(paid_at), yuan(amount_fen),
            yuan(coalesce(refunded_fen, 0)),
            case
                when refunded_fen >= amount_fen then 'refunded' when refunded_fen > 0 then 'partly_refunded'
                else 'paid'
            end
        from world.bills
        inner join world.staff on payee_staff_id = staff_id
        inner join world.members using (account_id)
        left join refunds using (bill_id)
        where day(paid_at) <= as_of()
        """,
    )


def test_a_guide_is_missing_or_active_after_leaving(built: Built) -> None:
    at = f"timestamp '{_at(built.as_of)}'"
    assert same(
        built,
        "select userid from warehouse.core.dim_guides where is_active",
        f"""
        select wecom_userid from world.staff
        where hired_on <= day({at}) and (left_on is null or left_on > day({at}))
        """,  # noqa: S608
    )
    assert (
        built.ask(
            "select guide_key from warehouse.core.fct_messages union select guide_key from warehouse.core.fct_payments "
            "union select owner_guide_key from warehouse.core.dim_groups except "
            "select guide_key from warehouse.core.dim_guides"
        )
        == []
    )


def test_a_group_is_missing_or_has_another_owner(built: Built) -> None:
    seen = " or ".join(
        f"(groups.created_at <= timestamp '{_at(night)}' "
        f"and (dissolved_at is null or dissolved_at > timestamp '{_at(night)}'))"
        for night in built.nights
    )
    assert same(
        built,
        "select group_key, owner_guide_key, group_name, created_at from warehouse.core.dim_groups",
        f"""
        select keyed(wecom_chat_id), keyed(wecom_userid), groups.name, whole(groups.created_at)
        from world.groups inner join world.staff on owner_staff_id = staff_id
        where ({seen}) and day(groups.created_at) <= as_of()
        """,  # noqa: S608
    )
