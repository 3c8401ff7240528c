"""kill -9 at every side effect of a landing: a reader sees the old state or the new one, and a rerun completes."""

import secrets
from pathlib import Path

import pytest

from tests.killing import run_killed


@pytest.mark.timeout(900)
@pytest.mark.parametrize("points", [6, pytest.param(0, marks=pytest.mark.soak, id="all")])
@pytest.mark.parametrize("what", ["first", "second", "compact"])
def test_f5_killed_before_any_side_effect_a_landing_is_whole_or_absent_and_completes(
    what: str, points: int, tmp_path: Path
) -> None:
    seed = secrets.randbelow(10**6)
    undisturbed, *killed = run_killed(
        "tests.landing.killed_landing", what, tmp_path, points, seed, timeout=900
    )
    print(f"seed {seed}, {undisturbed['effects']} side effects")
    assert not undisturbed["killed"]
    assert len(killed) == (points or undisturbed["effects"]), (
        "the hook saw too few side effects to prove anything"
    )
    goal = undisturbed["after_rerun"]
    assert goal["rows"]
    for run in killed:
        told = (seed, run["kill"])
        assert run["killed"], told
        assert run["after_kill"] in (undisturbed["before"], goal), told
        assert run["after_rerun"] == goal, told
        assert run["files"] == undisturbed["files"], told
        assert run["staging"] == [], told
