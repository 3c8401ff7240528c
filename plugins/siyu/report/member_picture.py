"""A member as a picture: identifiers, what was seen together, and what was not followed; types and numbers, no token.

Here: the drawing. Not here: what it shows (warehouse.members), the numbers in words (cli).
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from html import escape

from siyu.warehouse.members import Explanation

_NODE, _RING, _APART = 16, 150, 90  # pixels: radius of a node, least one of the ring, distance of the refused
_MARGIN, _LEGEND = 130, 40
_SPREAD = (0.2, -0.2, 0.35, -0.35)  # radians beside what is refused, whose name stands outside of it
_HALO = 'paint-order="stroke" stroke="#ffffff" stroke-width="4"'  # words stay readable over lines
_INK, _LINK, _REFUSED, _PAPER = "#1f2933", "#2b6cb0", "#b42318", "#ffffff"

Point = tuple[float, float]


def member_picture(told: Explanation) -> str:
    """An SVG document. Numbers are those of `siyu member explain`: identifiers in their order, from 1.

    The identifier that gives the id is filled. A line is what was seen together, thicker where more sources say
    so; a dashed one was not followed, and ends at its reason.
    """
    numbers: dict[str, int] = {}
    for number, one in enumerate(told.identifiers, start=1):
        numbers.setdefault(one.identifier, number)
    ring = max(_RING, math.ceil(len(numbers) * (2 * _NODE + 14) / (2 * math.pi)))
    middle = ring + _APART + _MARGIN
    places = _places([*numbers], middle, ring)
    refused = [
        (places[inside], conflict.reason)
        for conflict in told.not_followed
        for inside in (conflict.left_identifier, conflict.right_identifier)
        if inside in places
    ]
    sources: dict[tuple[str, str], list[str]] = defaultdict(list)
    for link in told.links:
        left, right = sorted((link.left_identifier, link.right_identifier))
        sources[left, right].append(link.source)
    counts = f"{len(numbers)} identifiers, {len(sources)} pairs seen together, {len(refused)} not followed"
    title = f"{told.member_id}: {counts}"
    parts = [
        *_refused_lines(refused, (middle, middle), ring),
        *(_line(places[left], places[right], said) for (left, right), said in sources.items()),
        *(
            _circle(
                places[name],
                str(number),
                _kind(name),
                is_anchor=number == 1 and told.identifiers[0].gives_the_id,
            )
            for name, number in numbers.items()
        ),
    ]
    size = 2 * middle
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size + _LEGEND}" role="img"'
            f' font-family="system-ui, sans-serif" font-size="13" fill="{_INK}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{size}" height="{size + _LEGEND}" fill="{_PAPER}"/>',
            *parts,
            f'<text x="{middle}" y="{size + _LEGEND / 2}" text-anchor="middle">{escape(title)}</text>',
            "</svg>\n",
        ]
    )


def _places(names: list[str], middle: float, ring: float) -> dict[str, Point]:
    """On a ring, the first on top: no line between two of them goes through a third."""
    angles = (2 * math.pi * number / len(names) - math.pi / 2 for number in range(len(names)))
    return {
        name: (middle + ring * math.cos(angle), middle + ring * math.sin(angle))
        for name, angle in zip(names, angles, strict=True)
    }


def _refused_lines(refused: list[tuple[Point, str]], middle: Point, ring: float) -> Iterable[str]:
    """Dashed lines outwards, spread where several begin at one place."""
    for number, ((x, y), reason) in enumerate(refused):
        angle = math.atan2(y - middle[1], x - middle[0]) + _SPREAD[number % len(_SPREAD)]
        reach = ring + _APART
        end = (middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle))
        yield (
            f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{end[0]:.0f}" y2="{end[1]:.0f}" stroke="{_REFUSED}"'
            f' stroke-dasharray="5 4"/><text x="{end[0]:.0f}" y="{end[1]:.0f}" text-anchor="middle" fill="{_REFUSED}"'
            f" {_HALO}>{escape(reason)}</text>"
        )


def _line(start: Point, end: Point, sources: list[str]) -> str:
    told = ", ".join(sorted(set(sources)))
    return (
        f'<line x1="{start[0]:.0f}" y1="{start[1]:.0f}" x2="{end[0]:.0f}" y2="{end[1]:.0f}" stroke="{_LINK}"'
        f' stroke-width="{min(len(set(sources)), 4)}"><title>{escape(told)}</title></line>'
    )


def _circle(place: Point, number: str, kind: str, *, is_anchor: bool) -> str:
    x, y = place
    fill, ink = (_LINK, _PAPER) if is_anchor else (_PAPER, _INK)
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{_NODE}" fill="{fill}" stroke="{_LINK}" stroke-width="2"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle" fill="{ink}">{number}</text>'
        f'<text x="{x:.0f}" y="{y + _NODE + 15:.0f}" text-anchor="middle" {_HALO}>{escape(kind)}</text>'
    )


def _kind(identifier: str) -> str:
    """Type, and of an account its channel."""
    kind, scope, _ = identifier.split("|", 2)
    return scope if kind == "customer" else kind
