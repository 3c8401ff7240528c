"""Who is one person does not depend on the order in which it was told, nor on how many nights it took."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from siyu.errors import UsageError
from siyu.identity import Rules, TypeRule
from tests.identity.graphs import Answer, Decided, Seen, buyer, card, components, phone, resolved, unionid
from tests.identity.strategies import NAMES, decisions, edges, graphs, rules
from tests.properties import examples

EVERYBODY = dict.fromkeys(NAMES, 9)


def attempted(*arguments: object, **more: object) -> Answer:
    """An answer; a graph whose decisions contradict each other is not looked at."""
    try:
        return resolved(*arguments, **more)  # type: ignore[arg-type]
    except UsageError:
        assume(False)
        raise


@examples(10, soak=200)
@given(seen=graphs)
def test_without_rules_members_are_other_than_connected_components(seen: list[Seen]) -> None:
    answer = resolved(seen, alone=EVERYBODY)
    assert answer.parts == components([(one.left, one.right) for one in seen], NAMES)
    assert answer.conflicts == []
    assert {epoch for _, epoch, *_ in answer.rows} == {0}
    assert all(valid_to is None for *_, valid_to, _ in answer.rows)


@examples(10, soak=200)
@given(data=st.data(), seen=graphs, rules=rules, links=decisions, unlinks=decisions)
def test_rows_in_another_order_turned_and_repeated_have_another_answer(
    data: st.DataObject, seen: list[Seen], rules: Rules, links: list[Decided], unlinks: list[Decided]
) -> None:
    straight = attempted(seen, rules, alone=EVERYBODY, links=links, unlinks=unlinks)
    again = data.draw(st.permutations(seen + seen[: len(seen) // 2]))
    turned = [one.turned() if data.draw(st.booleans()) else one for one in again]
    other_names = dict(data.draw(st.permutations(list(EVERYBODY.items()))))
    shuffled = resolved(turned, rules, alone=other_names, links=links[::-1], unlinks=unlinks[::-1])
    assert sorted(shuffled.rows) == sorted(straight.rows)
    assert shuffled.conflicts == straight.conflicts


@examples(10, soak=200)
@given(data=st.data(), seen=graphs, rules=rules, links=decisions, unlinks=decisions)
def test_rows_that_took_several_nights_have_another_partition_than_those_of_one(
    data: st.DataObject, seen: list[Seen], rules: Rules, links: list[Decided], unlinks: list[Decided]
) -> None:
    at_once = [replace(one, load=1) for one in seen]
    nights = [replace(one, load=data.draw(st.integers(1, 30))) for one in seen]
    decided = {"alone": EVERYBODY, "links": links, "unlinks": unlinks}
    together, apart = attempted(at_once, rules, **decided), attempted(nights, rules, **decided)
    assert apart.parts == together.parts
    for reason in ("over_limit", "unlinked", "blocked_by_degree", "recycled"):
        assert len(apart.conflict(reason)) == len(together.conflict(reason)), reason


@examples(10, soak=200)
@given(data=st.data(), seen=graphs, rules=rules, links=decisions, unlinks=decisions)
def test_other_tokens_make_another_partition_or_other_ids_once_it_is_told_who_was_who(
    data: st.DataObject, seen: list[Seen], rules: Rules, links: list[Decided], unlinks: list[Decided]
) -> None:
    before = attempted(seen, rules, alone=EVERYBODY, links=links, unlinks=unlinks)
    others = data.draw(st.permutations([format(number, "x") for number in range(100, 100 + len(NAMES))]))
    new = {name: f"{name.rpartition('|')[0]}|{token}" for name, token in zip(NAMES, others, strict=True)}
    after = resolved(
        [replace(one, left=new[one.left], right=new[one.right]) for one in seen],
        rules,
        alone={new[name]: load for name, load in EVERYBODY.items()},
        links=[replace(one, left=new[one.left], right=new[one.right]) for one in links],
        unlinks=[replace(one, left=new[one.left], right=new[one.right]) for one in unlinks],
        rekeyed=[
            (new[name], epoch, member_id if is_anchor else None, member_id)
            for name, epoch, member_id, *_, is_anchor in before.rows
        ],
    )
    assert sorted(after.rows) == sorted((new[name], *of) for name, *of in before.rows)


def test_a_tie_is_broken_otherwise_than_before_the_tokens_were_others() -> None:
    one_card = Rules(types={"card": TypeRule(max_per_member=1)})
    seen = [Seen(phone("1"), card("a")), Seen(phone("1"), card("b"))]
    for kept, other in (("a", "b"), ("b", "a")):
        was = [(phone("1"), 0, None, "m1"), (card(kept), 0, "m1", "m1"), (card(other), 0, "m2", "m2")]
        assert resolved(seen, one_card, rekeyed=was).ids == {
            (phone("1"), 0): "m1",
            (card(kept), 0): "m1",
            (card(other), 0): "m2",
        }


@examples(10, soak=200)
@given(seen=graphs, rules=rules, unlinks=decisions, blocklist=st.lists(st.sampled_from(NAMES), max_size=2))
def test_a_member_is_over_a_limit_or_parted_in_vain(
    seen: list[Seen], rules: Rules, unlinks: list[Decided], blocklist: list[str]
) -> None:
    """Limits, unlinks and blocks hold; nothing is joined that is not connected; every refusal had to be."""
    answer = attempted(seen, rules, alone=EVERYBODY, unlinks=unlinks, blocklist=blocklist)
    held: dict[str, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, _, member_id, *_ in answer.rows:
        kind, scope, _ = name.split("|")
        held[member_id][kind, scope].add(name)
    limits = {name: rule.max_per_member for name, rule in rules.types.items()}
    for scopes in held.values():
        for (kind, _), identifiers in scopes.items():
            assert limits[kind] is None or len(identifiers) <= limits[kind]
    for one in unlinks:
        owners = [{row[2] for row in answer.rows if row[0] == name} for name in (one.left, one.right)]
        assert owners[0].isdisjoint(owners[1])

    neighbours = defaultdict(set)
    for one in seen:
        if one.left != one.right:
            neighbours[one.left].add(one.right)
            neighbours[one.right].add(one.left)
    degrees = {name: rules.types[name.split("|")[0]].max_degree for name in NAMES}
    blocked = set(blocklist) | {
        name for name, limit in degrees.items() if limit is not None and len(neighbours[name]) > limit
    }
    assert {row[0] for row in answer.rows} == set(NAMES) - blocked
    assert {one["left_identifier"] for one in answer.conflicts if "blocked" in str(one["reason"])} == blocked

    together = components((one.left, one.right) for one in seen if not {one.left, one.right} & blocked)
    for part in answer.parts:
        inside = {name.split(" from ")[0] for name in part}
        assert len(inside) == 1 or any(inside <= whole for whole in together)
    for one in answer.conflict("over_limit"):
        assert one["member_id"] != one["other_member_id"]
        kind = str(one["identifier_type"])
        both = [held[str(one[side])] for side in ("member_id", "other_member_id")]
        assert any(
            len(both[0][scope] | both[1][scope]) > limits[kind] for scope in list(both[0]) if scope[0] == kind
        )


@examples(3, soak=50)
@given(data=st.data(), seen=graphs)
def test_a_rule_for_a_type_that_nobody_has_changes_something(data: st.DataObject, seen: list[Seen]) -> None:
    more = Rules(types={"oaid": TypeRule(max_per_member=1, max_degree=1, recycle_days=1)})
    extra = data.draw(edges)
    assert resolved([*seen, extra], more).parts == resolved([*seen, extra]).parts


def test_a_pair_with_itself_is_an_edge() -> None:
    answer = resolved(
        [Seen(phone("1"), phone("1")), Seen(phone("1"), card("a"))],
        Rules(types={"phone": TypeRule(max_degree=1)}),
    )
    assert answer.parts == {frozenset({phone("1"), card("a")})}
    assert answer.conflicts == []


def test_nothing_at_all_breaks_it() -> None:
    full = Rules(types={"phone": TypeRule(max_per_member=1, recycle_days=1, max_degree=1)})
    for rules_ in (Rules(), full):
        answer = resolved([], rules_)
        assert (answer.rows, answer.conflicts) == ([], [])


def test_an_identifier_that_nothing_was_seen_with_is_nobody() -> None:
    answer = resolved([], alone={phone("1"): 1, card("a"): 2})
    assert answer.parts == {frozenset({phone("1")}), frozenset({card("a")})}


def test_the_anchor_is_not_the_first_to_land() -> None:
    """Not the earliest event; of one load the best type, so that a phone hardly ever names a person; then the name."""
    seen = [
        Seen(card("late"), phone("1"), day=-500, load=7),
        Seen(buyer("b"), phone("1"), day=3, load=2),
        Seen(unionid("u"), buyer("b"), day=9, load=2),
        Seen(unionid("t"), buyer("b"), day=9, load=2),
    ]
    first = Rules(types={"unionid": TypeRule(priority=1), "open_uid": TypeRule(priority=2)})
    anchors = [row[0] for row in resolved(seen, first).rows if row[5]]
    assert anchors == [unionid("t")]
    anchors = [row[0] for row in resolved(seen, first, alone={phone("1"): 1}).rows if row[5]]
    assert anchors == [phone("1")]


def test_an_id_is_made_otherwise_than_said() -> None:
    # printf %s 'card|store|a' | sha256sum
    assert resolved([], alone={card("a"): 1}).member(card("a")) == "mbd09883048fc6ced7651"
