"""F6: kill -9 anywhere in an extraction: nobody sees half a window, and the next run goes on and loses nothing."""

import secrets
from pathlib import Path

import pytest

from tests.killing import run_killed

PAGES = 3


@pytest.mark.timeout(600)
@pytest.mark.parametrize("points", [10, pytest.param(0, marks=pytest.mark.soak, id="all")])
def test_f6_killed_before_any_side_effect_an_extraction_loses_and_doubles_nothing(
    points: int, tmp_path: Path
) -> None:
    seed = secrets.randbelow(10**6)
    undisturbed, *killed = run_killed(
        "tests.channels.api.killed_extraction", tmp_path, points, seed, timeout=600
    )
    print(f"seed {seed}, {undisturbed['effects']} side effects")
    assert undisturbed["after_kill"]["is_source"]
    assert len(killed) == (points or undisturbed["effects"])
    assert undisturbed["effects"] > 50, "the hook saw too few side effects to prove anything"
    for run in killed:
        told = (seed, run["kill"])
        assert run["killed"], told
        assert run["after_kill"]["rows"] == 0 or run["after_kill"]["is_source"], told
        assert run["after_rerun"]["is_source"], told
        assert len(run["after_rerun"]["loads"]) == 1, told
        assert run["is_complete"], told
        assert run["left"] == [], told
        assert run["asked_again"] <= PAGES, told  # no page twice
    late = [
        run for run in killed if run["kill"] > 0.7 * undisturbed["effects"] and not run["after_kill"]["rows"]
    ]
    assert all(run["asked_again"] < PAGES for run in late), "a late kill starts from the beginning"
