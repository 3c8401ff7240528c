"""Bad data never goes live (F1): each critical check fires on its corruption, alone, and the verdict refuses."""

import pytest

from expectations.registry import CHECKS, Check
from siyu.errors import RefusedError
from siyu.gate import audit_candidate
from siyu.publication import publish_candidate
from siyu.settings import Home, Settings
from tests.gate.corrupting import apart, corrupted_copy
from tests.gate.stories import RUN, Template

pytestmark = pytest.mark.xdist_group("gate")  # one world, and one import of Great Expectations

CRITICAL = [check for check in CHECKS.values() if check.severity == "critical"]


def _together() -> list[tuple[Check, ...]]:
    """All critical checks, those together that can be shown on one copy."""
    groups: list[tuple[Check, ...]] = []
    for check in CRITICAL:
        room = next((group for group in groups if all(apart(check, other) for other in group)), ())
        groups = [group for group in groups if group is not room] + [(*room, check)]
    return groups


def test_the_candidate_that_is_corrupted_below_passes_every_check(published: Home) -> None:
    verdict = audit_candidate(published, RUN)

    assert [(check.id, check.status) for check in verdict.checks if check.status != "passed"] == []
    assert verdict.passed


@pytest.mark.parametrize(
    "checks",
    [
        *_together(),
        *(
            pytest.param((check,), marks=pytest.mark.soak)
            for group in _together()
            if len(group) > 1
            for check in group
        ),
    ],
    ids=lambda checks: f"{checks[0].id}+{len(checks) - 1}",
)
def test_f1_a_corruption_is_refused_by_its_own_check_alone(
    template: Template, checks: tuple[Check, ...]
) -> None:
    home, run_id = template.home, f"corrupted-{checks[0].id}-{len(checks)}"
    corrupted_copy(home.candidates / RUN, home.candidates / run_id, *checks)

    verdict = audit_candidate(home, run_id)

    fired = {found.id: found for found in verdict.checks if found.status != "passed"}
    assert {name: found.status for name, found in fired.items()} == {check.id: "failed" for check in checks}
    assert all((found.offending_rows or 0) >= 1 for found in fired.values())
    assert not verdict.passed


def test_f41_a_refused_candidate_cannot_be_published_and_what_was_published_stays(published: Home) -> None:
    check = CHECKS["fct_orders.key_unique"]
    corrupted_copy(published.candidates / RUN, published.candidates / "bad", check)
    before = sorted(published.publications.rglob("*"))
    audit_candidate(published, "bad")

    with pytest.raises(RefusedError, match="refused"):
        publish_candidate(published, Settings(), "bad")

    assert sorted(published.publications.rglob("*")) == before
