"""How well accounts become persons where the truth is known, from the figures that `make soak` kept.

docs/guarantees.json holds the figures, docs/identity-quality.yml what the reasons mean.
"""

import json
import sys

import yaml

from docs import guarantees
from siyu.sandbox.world import SIZES
from siyu.settings import PROJECT

REASONS = PROJECT / "docs" / "identity-quality.yml"
TEST = "tests/identity/test_world.py::test_persons_of_a_simulated_brand_are_missed_or_mixed"
_ASKED = {"recall": ("at least", 0.98), "precision": ("at least", 0.999), "mixed share": ("at most", 0.02)}
_COUNTS = ("pairs that can be known", "pairs in one member", "members")

_INTRO = """# How well accounts become persons

A [simulated brand](sandbox/world.md) has the trouble of a real one: numbers that a home shares or that went to somebody
else, numbers of guides on orders, wrong notes, masked buyers, accounts without a unionid, second accounts. Its truth
says who is who. Here members are held against it: the resolving alone, over the identifiers of all channels, with the
limits of `identity_rules` as delivered, and with the numbers of the brand's own people blocked.

- **recall**: of the pairs of accounts that can be known to be one person's, the share in one member.
- **precision**: of the pairs in one member, the share that is one person's. Pairs whose only link is a number that two
  persons truly had are left out and counted below: nobody can tell these persons apart for sure.
- **mixed share**: of the members, those with accounts of several persons, for whatever reason.
"""
_HEADINGS = {
    "missed": "Accounts of one person in two members",
    "wrong": "Accounts of two persons in one member",
}
_ONCE = "Pairs; each is counted once, in the first row that explains it together with the rows above."
_AGAIN = """`make soak` measures again. A seed gives one world, so the same code gives the same figures. What to do
about members that look wrong: [say who is who](how-to/say-who-is-who.md).
"""


def page() -> str:
    """Figures by size of the world, and pairs by reason, as Markdown."""
    figures = json.loads(guarantees.FIGURES.read_text(encoding="utf-8"))["figures"].get(TEST, {})
    sizes = [size for size in SIZES if f"{size}: recall" in figures]
    if not sizes:
        return f"{_INTRO}\nNothing has been measured yet.\n"
    lines = [_INTRO, *_head(sizes, "asked for")]
    lines.append(_row("persons", [f"{SIZES[size]:,}" for size in sizes], ""))
    lines += [_row(name, [figures[f"{size}: {name}"] for size in sizes], "") for name in _COUNTS]
    for name, (word, bound) in _ASKED.items():
        found = [_held(figures[f"{size}: {name}"], word, bound) for size in sizes]
        lines.append(_row(name, found, f"{word} {bound}"))
    for kind, told in yaml.safe_load(REASONS.read_text(encoding="utf-8")).items():
        counted = {name.rpartition(": ")[2] for name in figures if f": {kind}: " in name}
        if untold := sorted(counted - told.keys()):
            sys.exit(f"docs: {REASONS.name} does not say what {', '.join(untold)} of {kind} is")
        lines += [f"\n## {_HEADINGS[kind]}\n", _ONCE, "", *_head(sizes, "what it is, what to do")]
        lines += [
            _row(f"`{reason}`", [figures.get(f"{size}: {kind}: {reason}", "0") for size in sizes], text)
            for reason, text in told.items()
        ]
    return "\n".join([*lines, "", _AGAIN])


def _held(share: str, word: str, bound: float) -> str:
    is_kept = float(share) >= bound if word == "at least" else float(share) <= bound
    return share if is_kept else f"{share}, **missed**"


def _head(sizes: list[str], last: str) -> list[str]:
    return [_row("", sizes, last), f"|---|{'---:|' * len(sizes)}---|"]


def _row(first: str, values: list[str], last: str) -> str:
    return f"| {first} | {' | '.join(values)} | {last} |"
