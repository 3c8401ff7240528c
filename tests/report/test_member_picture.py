"""The picture of a member: what the words say, in their numbers, and no token."""

import re
from datetime import date
from xml.etree import ElementTree

from siyu.report.member_picture import member_picture
from siyu.warehouse.members import Event, Explanation, Identifier, Link, NotFollowed

SVG = "{http://www.w3.org/2000/svg}"
TOKENS = {
    name: f"{number:032x}" for number, name in enumerate(("shop", "mini", "phone", "other"), start=10**30)
}
SHOP, MINI, PHONE, OTHER = (
    f"customer|tmall_shop|{TOKENS['shop']}",
    f"customer|mini_program|{TOKENS['mini']}",
    f"phone|global|{TOKENS['phone']}",
    f"customer|jd_shop|{TOKENS['other']}",
)


def explanation(
    *identifiers: str, links: tuple[Link, ...] = (), refused: tuple[NotFollowed, ...] = ()
) -> Explanation:
    return Explanation(
        asked_for="m1",
        member_id="m1",
        channel_code="tmall_shop",
        identifiers=tuple(
            Identifier(
                identifier=one, gives_the_id=not number, valid_from=None, valid_to=None, last_seen_at=None
            )
            for number, one in enumerate(identifiers)
        ),
        links=links,
        not_followed=refused,
        events=(Event(date(2026, 1, 1), "merge", "m2", "m1", []),),
    )


def link(left: str, right: str, source: str) -> Link:
    return Link(
        left_identifier=left, right_identifier=right, source=source, first_seen_at=None, last_seen_at=None
    )


def drawn(told: Explanation) -> tuple[str, list[str], list[ElementTree.Element]]:
    """The text, what is written in it, and its lines."""
    text = member_picture(told)
    picture = ElementTree.fromstring(text)  # noqa: S314 - our own
    return text, [one.text or "" for one in picture.iter(f"{SVG}text")], list(picture.iter(f"{SVG}line"))


def test_a_picture_leaves_out_an_identifier_a_link_or_what_was_not_followed() -> None:
    refused = NotFollowed(
        reason="over_limit",
        left_identifier=PHONE,
        right_identifier=OTHER,
        other_member_id="m9",
        found_count=2,
        allowed_count=1,
    )
    links = (link(SHOP, PHONE, "An order"), link(PHONE, SHOP, "A <card>"), link(MINI, PHONE, "An order"))
    # the phone has had two owners in this person, and is the third in the words
    text, written, lines = drawn(explanation(SHOP, MINI, PHONE, PHONE, links=links, refused=(refused,)))
    assert {"1", "tmall_shop", "2", "mini_program", "3", "phone", "over_limit"} <= set(written)
    assert "4" not in written
    assert sorted(one.get("stroke-width") or "dashed" for one in lines) == ["1", "2", "dashed"]
    assert "A &lt;card&gt;, An order" in text
    assert "m1: 3 identifiers, 2 pairs seen together, 1 not followed" in text
    assert not re.search(r"[0-9a-f]{16}", text.replace("http://www.w3.org/2000/svg", ""))


def test_a_picture_of_an_account_alone_or_of_many_is_none() -> None:
    _, written, lines = drawn(explanation(SHOP))
    assert (written[:2], lines) == (["1", "tmall_shop"], [])
    _, nothing, _ = drawn(explanation())
    assert nothing == ["m1: 0 identifiers, 0 pairs seen together, 0 not followed"]
    many = [f"customer|tmall_shop|{number:032x}" for number in range(200)]
    text, written, _ = drawn(explanation(*many))
    assert {str(number) for number in range(1, 201)} <= set(written)
    places = re.findall(r'<circle cx="(\d+)" cy="(\d+)"', text)
    assert len(set(places)) == 200
