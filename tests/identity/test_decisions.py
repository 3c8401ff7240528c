"""What a person decided by hand: links, unlinks, and both at once."""

import re

import pytest

from siyu.errors import UsageError
from siyu.identity import Rules, TypeRule
from tests.identity.graphs import Decided, Seen, buyer, card, phone, resolved, unionid


def test_a_link_leaves_two_members() -> None:
    answer = resolved(
        [Seen(card("a"), phone("1"))], alone={buyer("a"): 3}, links=[Decided(buyer("a"), phone("1"))]
    )
    assert answer.parts == {frozenset({card("a"), phone("1"), buyer("a")})}


def test_an_unlink_parts_nothing_or_renames_the_part_with_the_anchor() -> None:
    """a – 1 – b – 2 – c, and a is not c: the weakest edge between them goes, here the last one seen."""
    seen = [
        Seen(card("a"), phone("1"), day=0, load=5),
        Seen(phone("1"), card("b"), day=1, load=6),
        Seen(card("b"), phone("2"), day=2, load=1),
        Seen(phone("2"), card("c"), day=3, load=7),
    ]
    joined = resolved(seen).member(card("a"))
    answer = resolved(seen, unlinks=[Decided(card("c"), card("a"))])
    assert answer.parts == {frozenset({card("a"), phone("1"), card("b"), phone("2")}), frozenset({card("c")})}
    assert answer.member(card("b")) == joined
    (conflict,) = answer.conflicts
    assert (conflict["reason"], conflict["left_identifier"], conflict["right_identifier"]) == (
        "unlinked",
        card("c"),
        phone("2"),
    )
    assert (conflict["identifier_type"], conflict["found_count"]) == (None, None)


def test_an_unlink_of_two_that_were_seen_together_is_not_followed() -> None:
    seen = [Seen(card("a"), phone("1"), strength=99)]
    assert len(resolved(seen, unlinks=[Decided(phone("1"), card("a"))]).parts) == 2


def test_an_unlink_of_a_recycled_phone_holds_for_one_owner_only() -> None:
    rules = Rules(types={"phone": TypeRule(recycle_days=90)})
    seen = [Seen(card("a"), phone("1"), day=0), Seen(card("b"), phone("1"), day=400)]
    answer = resolved(seen, rules, unlinks=[Decided(phone("1"), card("a")), Decided(phone("1"), card("b"))])
    assert all(len(part) == 1 for part in answer.parts)


def test_a_link_obeys_a_limit() -> None:
    rules = Rules(types={"card": TypeRule(max_per_member=1), "unionid": TypeRule(max_per_member=1)})
    linked = [Decided(card("a"), card("b")), Decided(card("b"), card("c"))]
    answer = resolved(
        [Seen(card("a"), unionid("u"))], rules, links=linked, alone={card("b"): 1, card("c"): 1}
    )
    assert answer.parts == {frozenset({card("a"), card("b"), card("c"), unionid("u")})}
    more = [Seen(card("a"), unionid("u")), Seen(card("d"), phone("1")), Seen(card("c"), phone("1"), day=3)]
    answer = resolved(more, rules, links=linked, alone={card("b"): 1})
    assert answer.member(card("d")) != answer.member(card("c"))
    assert [one["found_count"] for one in answer.conflicts] == [4]


def test_a_link_to_a_blocked_phone_is_not_followed() -> None:
    """The guide's number is the guide's, whatever customers it was typed in for."""
    rules = Rules(types={"phone": TypeRule(max_degree=2)})
    seen = [Seen(card(name), phone("guide")) for name in ("a", "b", "guide")]
    answer = resolved(seen, rules, links=[Decided(card("guide"), phone("guide"))])
    assert answer.parts == {
        frozenset({card("guide"), phone("guide")}),
        frozenset({card("a")}),
        frozenset({card("b")}),
    }


@pytest.mark.parametrize(
    ("linked", "day", "owner"),
    [(buyer("x"), 399, "a"), (buyer("x"), 400, "b"), (buyer("x"), -9, "a"), (card("a"), 500, "a")],
    ids=["by when it was decided", "as much later", "before the first owner", "where the pair was seen"],
)
def test_a_link_goes_to_another_owner_of_a_recycled_phone(linked: str, day: int, owner: str) -> None:
    rules = Rules(types={"phone": TypeRule(recycle_days=90)})
    seen = [Seen(card("a"), phone("1"), day=0), Seen(card("b"), phone("1"), day=400)]
    answer = resolved(seen, rules, alone={buyer("x"): 1}, links=[Decided(phone("1"), linked, day)])
    assert answer.member(linked) == answer.member(card(owner))
    assert answer.member(card("a")) != answer.member(card("b"))


@pytest.mark.parametrize(
    ("links", "unlink", "says"),
    [
        (
            [Decided(card("a"), phone("1"))],
            Decided(phone("1"), card("a")),
            "an unlink parts phone|global|1 from card|store|a, but they are linked by hand: "
            "phone|global|1 with card|store|a",
        ),
        (
            [Decided(card("a"), phone("1")), Decided(card("b"), phone("1")), Decided(card("c"), card("x"))],
            Decided(card("a"), card("b")),
            "card|store|a with phone|global|1, phone|global|1 with card|store|b",
        ),
        ([], Decided(card("a"), card("a")), "card|store|a, but an identifier is one with itself"),
    ],
    ids=["the same pair", "over a third", "itself"],
)
def test_an_unlink_against_a_link_is_followed_silently(
    links: list[Decided], unlink: Decided, says: str
) -> None:
    known = {card("a"): 1, card("b"): 1, card("c"): 1, card("x"): 1, phone("1"): 1}
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        resolved([], alone=known, links=links, unlinks=[unlink])
    assert caught.value.expected == "links and unlinks that can all be followed"
    assert caught.value.do == "remove the unlink, or one of the links"


def test_linking_both_owners_of_a_recycled_phone_to_it_makes_them_one() -> None:
    rules = Rules(types={"phone": TypeRule(recycle_days=90)})
    seen = [Seen(card("a"), phone("1"), day=0), Seen(card("b"), phone("1"), day=400)]
    linked = [Decided(card("a"), phone("1")), Decided(card("b"), phone("1"))]
    apart = [Decided(card("a"), card("b"))]
    assert len(resolved(seen, rules, links=linked, unlinks=apart).parts) == 2
    with pytest.raises(UsageError, match="an unlink parts"):
        resolved(seen, links=linked, unlinks=apart)


def test_a_decision_about_an_identifier_that_has_not_landed_stops_the_night() -> None:
    seen = [Seen(card("a"), phone("1"))]
    answer = resolved(
        seen,
        links=[Decided(card("a"), card("unborn"))],
        unlinks=[Decided(phone("unborn"), card("a")), Decided(phone("unborn"), phone("unborn"))],
    )
    assert answer.parts == {frozenset({card("a"), phone("1")})}
