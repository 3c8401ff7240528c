"""How many examples a property test tries: a quick number in every run, the promised one under make soak."""

import os

from hypothesis import HealthCheck, settings

SOAK = bool(os.environ.get("SIYU_SOAK"))


def examples(quick: int, *, soak: int) -> settings:
    """Settings of a property test; make soak sets SIYU_SOAK and runs every test that hypothesis drives."""
    return settings(
        max_examples=soak if SOAK else quick,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
