"""Graphs for properties: few names, so that they meet; rules that bite."""

from hypothesis import strategies as st

from siyu.identity import Rules, TypeRule
from tests.identity.graphs import Decided, Seen, buyer, card, phone, unionid

NAMES = (
    [phone(str(number)) for number in range(4)]
    + [card(str(number)) for number in range(4)]
    + [unionid(str(number)) for number in range(3)]
    + [buyer(str(number), shop) for number in range(2) for shop in ("shop1", "shop2")]
)
names = st.sampled_from(NAMES)
edges = st.builds(
    lambda left, right, day, lasts, load, strength, source: Seen(
        left, right, day, None if day is None else day + lasts, load, strength, source
    ),
    names,
    names,
    st.one_of(st.none(), st.integers(0, 1000)),
    st.sampled_from([0, 0, 1, 50, 400]),
    st.integers(1, 9),
    st.integers(1, 3),
    st.sampled_from(["orders", "cards", "friends"]),
)
graphs = st.lists(edges, max_size=25)
decisions = st.lists(st.builds(Decided, names, names, st.integers(0, 1100)), max_size=2)
type_rules = st.builds(
    TypeRule,
    priority=st.integers(1, 3),
    max_per_member=st.one_of(st.none(), st.integers(1, 2)),
    recycle_days=st.one_of(st.none(), st.sampled_from([30, 200])),
    max_degree=st.one_of(st.none(), st.integers(1, 4)),
)
rules = st.builds(
    lambda phones, cards, unionids, buyers: Rules(
        types={"phone": phones, "card": cards, "unionid": unionids, "open_uid": buyers}
    ),
    type_rules,
    type_rules,
    type_rules,
    type_rules,
)
