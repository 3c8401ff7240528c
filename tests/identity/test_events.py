"""What a night tells about the members of the one before, and whom their ids mean today."""

from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.identity import Rules, TypeRule, identity_events, redirects
from tests.identity.graphs import Answer, Decided, Seen, card, components, phone, resolved
from tests.identity.strategies import NAMES, edges, rules
from tests.properties import examples

Row = tuple[str, str, str | None, int]
A, B, C, D = (card(name) for name in "abcd")
ALL = {A: -4, B: -3, C: -2, D: -1}  # landed in this order, before anything was seen together


def told(connection: duckdb.DuckDBPyConnection, before: Answer, after: Answer) -> list[Row]:
    return sorted(identity_events(connection, before.members, after.members).fetchall())


def test_a_quiet_night_has_events(connection: duckdb.DuckDBPyConnection) -> None:
    before = resolved([Seen(A, B)], alone=ALL, connection=connection)
    after = resolved([Seen(A, B), Seen(phone("1"), A, load=9)], alone=ALL, connection=connection)
    assert told(connection, before, before) == []
    assert told(connection, before, after) == []
    assert told(connection, resolved([], connection=connection), after) == []


def test_a_merge_is_told_as_something_else(connection: duckdb.DuckDBPyConnection) -> None:
    before = resolved([Seen(C, D)], alone=ALL, connection=connection)
    after = resolved([Seen(C, D), Seen(A, D)], alone=ALL, connection=connection)
    assert after.member(C) == before.member(A)
    assert told(connection, before, after) == [("merge", before.member(C), before.member(A), 2)]


def test_a_split_is_told_as_something_else(connection: duckdb.DuckDBPyConnection) -> None:
    seen = [Seen(A, B, strength=2), Seen(B, C), Seen(C, D, strength=2)]
    before = resolved(seen, alone=ALL, connection=connection)
    after = resolved(seen, alone=ALL, unlinks=[Decided(A, D)], connection=connection)
    assert after.member(A) == before.member(A)
    assert told(connection, before, after) == [("split", before.member(A), after.member(C), 2)]


def test_an_identifier_that_moved_is_told_as_a_merge(connection: duckdb.DuckDBPyConnection) -> None:
    """A stronger edge turns up: B leaves A for C, and both go on."""
    limit = Rules(types={"phone": TypeRule(max_per_member=1)})
    own = [
        Seen(A, phone("a"), load=9, strength=9),
        Seen(C, phone("c"), load=9, strength=9),
        Seen(A, B, load=9),
    ]
    landed = {A: 1, B: 3, C: 2}
    before = resolved(own, limit, alone=landed, connection=connection)
    after = resolved([*own, Seen(B, C, load=9, strength=2)], limit, alone=landed, connection=connection)
    assert told(connection, before, after) == [("remap", before.member(A), before.member(C), 1)]
    assert (after.member(A), after.member(B)) == (before.member(A), before.member(C))


def test_an_id_that_lost_its_anchor_is_told_as_a_split_and_nobody_as_a_merge(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    before = resolved([Seen(A, B), Seen(B, C)], alone=ALL, connection=connection)
    after = resolved([Seen(A, B), Seen(B, C)], alone=ALL, blocklist=[A, D], connection=connection)
    assert told(connection, before, after) == [
        ("end", before.member(D), None, 1),
        ("rename", before.member(A), after.member(B), 2),
    ]


class Nights:
    """Nights one after another, as the models will keep them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.last: Answer | None = None
        self.known: duckdb.DuckDBPyRelation | None = None
        self.anchors: dict[str, tuple[str, int]] = {}  # every id that ever was → its anchor
        self.answers: dict[str, str] = {}

    def run(
        self, seen: Sequence[Seen], rules: Rules | None = None, **more: object
    ) -> tuple[Answer, list[Row]]:
        answer = resolved(seen, rules, connection=self.connection, **more)  # type: ignore[arg-type]
        events: list[Row] = []
        if self.last is not None:
            events = told(self.connection, self.last, answer)
            found = redirects(self.connection, self.last.members, answer.members, self.known)
            self.known = self.connection.from_arrow(found.to_arrow_table())
            self.answers = {old: today for old, _, _, today in self.known.fetchall()}
            assert len(self.answers) == len(self.known)
        self.anchors |= {row[2]: (row[0], row[1]) for row in answer.rows if row[5]}
        self.last = answer
        return answer, events


def test_an_id_gets_lost_in_a_chain_of_merges(connection: duckdb.DuckDBPyConnection) -> None:
    nights = Nights(connection)
    first, _ = nights.run([], alone=ALL)
    nights.run([Seen(C, D)], alone=ALL)
    assert nights.answers == {first.member(D): first.member(C)}
    nights.run([Seen(C, D), Seen(B, C)], alone=ALL)
    last, events = nights.run([Seen(C, D), Seen(B, C), Seen(A, D)], alone=ALL)
    assert events == [("merge", first.member(B), first.member(A), 3)]
    assert nights.answers == {first.member(name): last.member(A) for name in (B, C, D)}


def test_an_id_means_the_member_it_once_merged_into_after_that_was_undone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    nights = Nights(connection)
    first, _ = nights.run([], alone=ALL)
    nights.run([Seen(A, B), Seen(B, C)], alone=ALL)
    assert nights.answers == {first.member(B): first.member(A), first.member(C): first.member(A)}
    # b goes with c, away from a: the id of b is a member's again, that of c means b
    nights.run([Seen(A, B), Seen(B, C, strength=2)], alone=ALL, unlinks=[Decided(A, C)])
    assert nights.answers == {first.member(C): first.member(B)}


def test_an_id_whose_anchor_is_gone_means_nobody(connection: duckdb.DuckDBPyConnection) -> None:
    seen = [Seen(A, B), Seen(B, C)]
    nights = Nights(connection)
    first, _ = nights.run(seen, alone=ALL)
    second, _ = nights.run(seen, alone=ALL, blocklist=[A])
    assert nights.answers == {first.member(A): second.member(B)}
    third, _ = nights.run([*seen, Seen(D, B)], alone={**ALL, D: -5}, blocklist=[A])
    assert third.member(B) == third.member(D) != second.member(B)
    assert nights.answers == {first.member(A): third.member(B), second.member(B): third.member(B)}
    nights.run(seen, alone=ALL, blocklist=[*NAMES, *ALL])
    assert nights.answers == {}


@examples(2, soak=30)
@given(nightly=st.lists(st.lists(edges, max_size=2), min_size=30, max_size=30))
def test_over_30_nights_an_id_changes_without_a_merge(nightly: list[list[Seen]]) -> None:
    """Without rules ids change by merges alone, late data and backfills included."""
    with duckdb.connect(config={"threads": 1}) as connection:
        nights = Nights(connection)
        seen: list[Seen] = []
        for number, new in enumerate(nightly):
            seen += [Seen(one.left, one.right, one.day, one.until, load=number) for one in new]
            before = nights.last
            answer, events = nights.run(seen)
            assert answer.parts == components((one.left, one.right) for one in seen)
            if before is None:
                continue
            assert {event for event, *_ in events} <= {"merge"}
            changed = {(member, answer.ids[key]) for key, member in before.ids.items()} - {
                (member, member) for member in before.ids.values()
            }
            assert changed == {(old, new) for _, old, new, _ in events}
            gone = set(nights.anchors) - set(answer.ids.values())
            assert nights.answers == {old: answer.ids[nights.anchors[old]] for old in gone}


@examples(2, soak=30)
@given(nightly=st.lists(st.lists(edges, max_size=3), min_size=8, max_size=8), rules=rules)
def test_under_rules_an_id_changes_untold_or_leads_to_another_than_its_anchor_s(
    nightly: list[list[Seen]], rules: Rules
) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        nights = Nights(connection)
        seen: list[Seen] = []
        for number, new in enumerate(nightly):
            seen += [
                Seen(one.left, one.right, one.day, one.until, number, one.strength, one.source) for one in new
            ]
            before = nights.last
            answer, events = nights.run(seen, rules)
            if before is None:
                continue
            moved: dict[tuple[str, str], int] = {}
            for key, member in before.ids.items():
                if key in answer.ids and answer.ids[key] != member:
                    moved[member, answer.ids[key]] = moved.get((member, answer.ids[key]), 0) + 1
            assert moved == {(old, new): count for _, old, new, count in events if new is not None}
            alive = set(answer.ids.values())
            assert not set(nights.answers) & alive
            assert set(nights.answers.values()) <= alive
            for old, key in nights.anchors.items():
                if old not in alive and key in answer.ids:
                    assert nights.answers[old] == answer.ids[key]
            # an id is only lost by a merge, or with its anchor
            for event, old, *_ in events:
                if event == "rename":
                    assert nights.anchors[old] not in answer.ids


@pytest.mark.parametrize("load", [2, 9])
def test_a_number_that_changed_hands_takes_the_id_along(
    connection: duckdb.DuckDBPyConnection, load: int
) -> None:
    """The phone itself is the anchor: its first owner stays who it was, the second is somebody new."""
    recycled = Rules(types={"phone": TypeRule(recycle_days=90)})
    nights = Nights(connection)
    first, _ = nights.run([Seen(A, phone("1"), load=load)], recycled, alone={phone("1"): 1})
    second, events = nights.run(
        [Seen(A, phone("1"), load=load), Seen(B, phone("1"), day=300, load=10)],
        recycled,
        alone={phone("1"): 1},
    )
    assert events == []
    assert second.member(A) == first.member(A) == second.member(phone("1"), 299)
    assert second.member(B) == second.member(phone("1"), 300) != first.member(A)
