"""Rules by type on graphs small enough to be worked out by hand: recycled, shared and blocked identifiers."""

import time
from collections.abc import Callable

import pytest
from duckdb import DuckDBPyConnection

from siyu.errors import UsageError
from siyu.identity import Graph, Rules, TypeRule, resolve
from tests.identity.graphs import Answer, Seen, buyer, card, graph, moment, phone, resolved, unionid

RECYCLED = Rules(types={"phone": TypeRule(recycle_days=90)})
ONE_PERSON = Rules(types={"unionid": TypeRule(max_per_member=1), "card": TypeRule(max_per_member=1)})


def owners(answer: Answer) -> list[tuple[str, object, object]]:
    """The owners of phone 1 in time: member, from, to."""
    rows = [(row[2], row[3], row[4]) for row in answer.rows if row[0] == phone("1")]
    return sorted(rows, key=lambda row: str(row[1]))


def test_a_recycled_phone_joins_its_two_owners() -> None:
    answer = resolved(
        [
            Seen(card("a"), phone("1"), day=0, until=100),
            Seen(card("b"), phone("1"), day=191, until=300, load=2),
        ],
        RECYCLED,
    )
    assert answer.member(card("a")) != answer.member(card("b"))
    assert owners(answer) == [
        (answer.member(card("a")), moment(0), moment(191)),
        (answer.member(card("b")), moment(191), None),
    ]
    (conflict,) = answer.conflicts
    assert conflict == {
        "reason": "recycled",
        "member_id": answer.member(card("b")),
        "other_member_id": answer.member(card("b")),
        "left_identifier": phone("1"),
        "left_epoch": 1,
        "right_identifier": card("b"),
        "right_epoch": 0,
        "identifier_type": "phone",
        "found_count": 91,
        "allowed_count": 90,
    }


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (Seen(card("b"), phone("1"), day=190), "silence of 90 days is not more than 90"),
        (Seen(card("b"), phone("1"), day=None), "nobody knows when"),
        (Seen(phone("2"), phone("1"), day=500), "a number that may itself be recycled is no new owner"),
        (Seen(card("a"), phone("1"), day=500), "the same card"),
        (Seen(card("b"), card("a"), day=500), "a card is given for good"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_phone_is_taken_from_its_owner_though(second: Seen, why: str) -> None:
    answer = resolved([Seen(card("a"), phone("1"), day=0, until=100), second], RECYCLED)
    assert len(answer.parts) == 1, why
    assert answer.conflicts == []


def test_an_owner_who_is_still_seen_loses_the_phone() -> None:
    seen = [Seen(card("a"), phone("1"), day=0, until=400), Seen(card("b"), phone("1"), day=300, until=800)]
    late = Seen(card("c"), phone("1"), day=880)
    assert resolved([*seen, late], RECYCLED).parts == {
        frozenset({card("a"), card("b"), card("c"), phone("1")})
    }


def test_a_third_owner_is_one_with_the_second() -> None:
    seen = [Seen(card(name), phone("1"), day=day) for name, day in (("a", 0), ("b", 200), ("c", 400))]
    answer = resolved(seen, RECYCLED)
    assert [member for member, *_ in owners(answer)] == [answer.member(card(name)) for name in "abc"]
    assert len(answer.parts) == 3


def test_an_edge_between_two_phones_goes_to_an_owner_of_another_time() -> None:
    seen = [Seen(card("a"), phone("1"), day=0), Seen(card("b"), phone("1"), day=200)]
    for day, owner in ((0, "a"), (199, "a"), (200, "b"), (300, "b"), (-50, "a"), (None, "a")):
        answer = resolved([*seen, Seen(phone("2"), phone("1"), day=day)], RECYCLED)
        assert answer.member(phone("2")) == answer.member(card(owner)), day


def test_an_owner_from_before_takes_over_the_id_of_the_one_after() -> None:
    """What lands late is late: the member that is known keeps its id, though its phone has an older owner now."""
    phone_only = {phone("1"): 1}
    seen = [Seen(card("a"), phone("1"), day=300, load=2), Seen(card("b"), phone("1"), day=600, load=3)]
    before = resolved(seen, RECYCLED, alone=phone_only)
    after = resolved([*seen, Seen(card("z"), phone("1"), day=0, load=4)], RECYCLED, alone=phone_only)
    assert before.member(card("a")) == resolved([], alone=phone_only).member(phone("1"))
    for name in (card("a"), card("b")):
        assert after.member(name) == before.member(name)
    assert [member for member, *_ in owners(after)] == [after.member(card(name)) for name in "zab"]
    # and the numbers of epochs that were given stay, so that nights can be compared
    assert {key: member for key, member in after.ids.items() if key in before.ids} == before.ids


def test_late_data_that_fill_a_silence_leave_two_owners() -> None:
    seen = [Seen(card("a"), phone("1"), day=0), Seen(card("b"), phone("1"), day=150, load=2)]
    assert len(resolved(seen, RECYCLED).parts) == 2
    answer = resolved([*seen, Seen(card("c"), phone("1"), day=70, until=80, load=3)], RECYCLED)
    assert answer.parts == {frozenset({card("a"), card("b"), card("c"), phone("1")})}
    assert {epoch for _, epoch, *_ in answer.rows} == {0}


def test_a_family_on_one_phone_is_one_person() -> None:
    """Two unionids, two cards, one number: the phone stays with the one first seen with it, each keeps the rest."""
    seen = [
        Seen(unionid("mother"), buyer("m"), day=3, strength=3),
        Seen(unionid("child"), buyer("c"), day=1, strength=3),
        Seen(buyer("m"), phone("1"), day=5, until=9, load=2),
        Seen(buyer("c"), phone("1"), day=8, until=500),
        Seen(card("c"), phone("1"), day=9, until=500),
    ]
    answer = resolved(seen, ONE_PERSON)
    assert answer.parts == {
        frozenset({unionid("mother"), buyer("m"), phone("1"), card("c")}),
        frozenset({unionid("child"), buyer("c")}),
    }
    (conflict,) = answer.conflicts
    assert {key: conflict[key] for key in ("reason", "identifier_type", "found_count", "allowed_count")} == {
        "reason": "over_limit",
        "identifier_type": "unionid",
        "found_count": 2,
        "allowed_count": 1,
    }
    assert (conflict["left_identifier"], conflict["right_identifier"]) == (buyer("c"), phone("1"))
    assert {conflict["member_id"], conflict["other_member_id"]} == {
        answer.member(unionid("mother")),
        answer.member(unionid("child")),
    }


def test_a_weaker_edge_is_followed_before_a_stronger_one() -> None:
    """By strength, then by sources, then by who was first, each against all that come after it."""
    rival = Seen(card("b"), phone("1"), day=100)
    for stronger in (
        [Seen(card("a"), phone("1"), day=200, strength=2)],
        [Seen(card("a"), phone("1"), day=200), Seen(phone("1"), card("a"), day=300, source="cards")],
        [Seen(card("a"), phone("1"), day=99, until=99)],
    ):
        answer = resolved([rival, rival, *stronger], ONE_PERSON)
        assert answer.parts == {frozenset({card("a"), phone("1")}), frozenset({card("b")})}


def test_a_limit_counts_what_belongs_to_different_shops() -> None:
    rules = Rules(types={"open_uid": TypeRule(max_per_member=1)})
    seen = [Seen(buyer(name, shop), phone("1"), day=day) for day, (name, shop) in enumerate(
        [("a", "shop1"), ("a", "shop2"), ("b", "shop2")]
    )]  # fmt: skip
    answer = resolved(seen, rules)
    assert answer.parts == {
        frozenset({buyer("a", "shop1"), buyer("a", "shop2"), phone("1")}),
        frozenset({buyer("b", "shop2")}),
    }


def test_the_epochs_of_one_phone_count_as_two_phones() -> None:
    rules = Rules(types={"phone": TypeRule(recycle_days=90, max_per_member=1)})
    seen = [
        Seen(card("a"), phone("1"), day=0),
        Seen(buyer("a"), phone("1"), day=200),
        Seen(card("a"), buyer("a"), day=0),
    ]
    answer = resolved(seen, rules)
    assert len({row[2] for row in answer.rows}) == 1
    assert answer.conflict("over_limit") == []


def test_the_phone_of_a_guide_joins_the_customers() -> None:
    rules = Rules(types={"phone": TypeRule(max_degree=3)})
    customers = [Seen(card(name), phone("guide")) for name in "abc"]
    assert len(resolved(customers, rules).parts) == 1
    answer = resolved([*customers, Seen(card("d"), phone("guide"))], rules)
    assert answer.parts == {frozenset({card(name)}) for name in "abcd"}
    (conflict,) = answer.conflicts
    assert (conflict["reason"], conflict["left_identifier"]) == ("blocked_by_degree", phone("guide"))
    assert (conflict["found_count"], conflict["allowed_count"], conflict["member_id"]) == (4, 3, None)


def test_the_same_customer_seen_often_is_many() -> None:
    often = [Seen(card("a"), phone("1"), day=day, source=f"source {day}") for day in range(9)]
    assert len(resolved(often, Rules(types={"phone": TypeRule(max_degree=1)})).parts) == 1


def test_a_listed_phone_is_somebody_s() -> None:
    seen = [Seen(card("a"), phone("store")), Seen(card("b"), phone("store")), Seen(card("b"), phone("b"))]
    answer = resolved(seen, blocklist=[phone("store"), phone("unknown")])
    assert answer.parts == {frozenset({card("a")}), frozenset({card("b"), phone("b")})}
    (conflict,) = answer.conflicts
    assert (conflict["reason"], conflict["left_identifier"]) == ("blocked_by_list", phone("store"))
    assert (conflict["found_count"], conflict["allowed_count"]) == (2, None)


def test_a_blocked_customer_makes_a_phone_look_recycled() -> None:
    rules = Rules(types={"phone": TypeRule(recycle_days=90)})
    seen = [Seen(card("till"), phone("1"), day=0), Seen(card("b"), phone("1"), day=400)]
    assert resolved(seen, rules, blocklist=[card("till")]).conflict("recycled") == []


def test_an_edge_of_an_identifier_that_nobody_declared_is_lost_silently(
    connection: DuckDBPyConnection,
) -> None:
    whole = graph(connection, [Seen(card("a"), phone("1")), Seen(card("b"), phone("1"))])
    lacking = Graph(identifiers=whole.identifiers.filter("identifier <> 'card|store|b'"), edges=whole.edges)
    with pytest.raises(UsageError, match="1 edges end in an identifier that is not among the identifiers"):
        resolve(connection, lacking, Rules())


def test_resolving_leaves_the_graph_behind(connection: DuckDBPyConnection) -> None:
    resolved([Seen(card("a"), phone("1"))], ONE_PERSON, connection=connection)
    left = connection.sql("""
        select table_name as name from duckdb_tables() union all
        select view_name from duckdb_views() where not internal
    """)
    names = {name for (name,) in left.fetchall()}
    assert "identity_members" in names
    assert not names & {
        "identity_edges",
        "identity_given_edges",
        "identity_given_identifiers",
        "identity_sides",
    }


@pytest.mark.parametrize("size", [100_000, pytest.param(400_000, marks=pytest.mark.soak)])
def test_a_component_of_100_000_identifiers_takes_minutes(
    connection: DuckDBPyConnection, size: int, figure: Callable[[str, object], None]
) -> None:
    """One number typed in by a till for everybody, every card with a unionid of its own: all but one are refused."""
    connection.execute("set variable cards = $cards", {"cards": size // 2})
    everything = Graph(identifiers=connection.sql(CARDS_AND_A_PHONE), edges=connection.sql(SEEN_WITH_IT))
    started = time.process_time()
    answer = resolve(connection, everything, ONE_PERSON)
    took = time.process_time() - started
    figure("seconds", round(took, 1))
    members = answer.members.aggregate("member_id, list_sort(list(identifier)) as names")
    assert members.aggregate("len(names), count(*)").order("all desc").fetchall() == [
        (3, 1),
        (2, size // 2 - 1),
    ]
    assert members.filter("len(names) = 3").project("names").fetchall() == [
        (["card|store|0", "phone|global|0", "unionid|global|0"],)
    ]
    assert answer.conflicts.aggregate("reason, count(*)").fetchall() == [("over_limit", size // 2 - 1)]
    assert took < size / 5_000


CARDS_AND_A_PHONE = """
select unnest(['card|store|' || n, 'unionid|global|' || n]) as identifier,
    unnest(['card', 'unionid']) as identifier_type, 1 as first_landed,
    timestamp '2024-01-01' as first_seen_at, timestamp '2024-01-01' as last_seen_at
from range(getvariable('cards')) as cards (n)
union all
select 'phone|global|0', 'phone', 1, timestamp '2024-01-01', timestamp '2024-01-01'
"""
SEEN_WITH_IT = """
select 'card|store|' || n as left_identifier, unnest(['unionid|global|' || n, 'phone|global|0']) as right_identifier,
    'orders' as link_source, unnest([2, 1]) as strength, 1 as first_landed,
    timestamp '2024-01-01' + to_seconds(n) as first_seen_at, first_seen_at as last_seen_at
from range(getvariable('cards')) as cards (n)
"""
