"""Members of a simulated brand against the truth about its persons, with all its trouble: shared and recycled numbers,
numbers of guides, masked buyers, accounts without a unionid.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from siyu.sandbox.world.generate import generate_world
from tests.identity.world import UNEXPLAINED, judge


@pytest.mark.parametrize(
    "size", ["4000", *(pytest.param(size, marks=pytest.mark.soak) for size in ("S", "M"))]
)
def test_persons_of_a_simulated_brand_are_missed_or_mixed(
    tmp_path: Path, size: str, figure: Callable[[str, object], None]
) -> None:
    """Recall over the pairs that can be known; precision but for numbers that two persons truly had, in few members.

    Every pair that is missed or wrong has a reason; docs/identity-quality.md shows how many have which.
    """
    generate_world(tmp_path, size=size, seed=3, first=date(2025, 7, 1), last=date(2026, 6, 30))
    found = judge(tmp_path)
    counts = {
        "pairs that can be known": found.linkable,
        "pairs in one member": found.found,
        "members": found.members,
        **{f"missed: {reason}": count for reason, count in found.missed.items()},
        **{f"wrong: {reason}": count for reason, count in found.wrong.items()},
    }
    shares = {"recall": found.recall, "precision": found.precision, "mixed share": found.mixed_share}
    for name, count in counts.items():
        figure(f"{size}: {name}", f"{count:,}")
    for name, share in shares.items():
        figure(f"{size}: {name}", f"{share:.5f}")
    assert found.linkable > 2_000
    assert found.recall >= 0.98
    assert found.precision >= 0.999
    assert found.mixed_share <= 0.02
    assert (found.missed[UNEXPLAINED], found.wrong[UNEXPLAINED]) == (0, 0)
