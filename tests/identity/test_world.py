"""Members of a simulated brand against the truth about its persons, with all its trouble: shared and recycled numbers,
numbers of guides, masked buyers, accounts without a unionid.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from siyu.sandbox.world.generate import generate_world
from tests.identity.world import judge


@pytest.mark.parametrize("size", ["4000", pytest.param("S", marks=pytest.mark.soak)])
def test_persons_of_a_simulated_brand_are_missed_or_mixed(
    tmp_path: Path, size: str, figure: Callable[[str, object], None]
) -> None:
    """Recall over the pairs that can be known; precision but for numbers that two persons truly had, in few members."""
    generate_world(tmp_path, size=size, seed=3, first=date(2025, 7, 1), last=date(2026, 6, 30))
    found, without_shared = judge(tmp_path), judge(tmp_path, without_shared=True)
    recall = found.linked / found.linkable
    precision = 1 - without_shared.wrong / without_shared.found
    mixed_share = found.mixed_members / found.members
    for name, value in (("recall", recall), ("precision", precision), ("mixed share", mixed_share)):
        figure(name, round(value, 4))
    assert found.linkable > 2_000
    assert recall >= 0.98
    assert precision >= 0.999
    assert mixed_share <= 0.02
