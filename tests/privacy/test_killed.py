"""kill -9 at every side effect of an erasure: readers see a whole publication, and the next erasure finishes it."""

import secrets
from pathlib import Path

import pytest

from tests.killing import run_killed


@pytest.mark.guarantee("F34")
@pytest.mark.timeout(1_500)
@pytest.mark.parametrize("points", [6, pytest.param(0, marks=pytest.mark.soak, id="all")])
def test_f34_an_erasure_that_was_killed_leaves_somebody_behind(points: int, tmp_path: Path) -> None:
    seed = secrets.randbelow(10**6)
    undisturbed, *killed = run_killed("tests.privacy.killed_erasure", tmp_path, points, seed, timeout=1_500)
    print(f"seed {seed}, {undisturbed['effects']} side effects")
    before, goal = undisturbed["before"], undisturbed["after_rerun"]
    assert goal["landed"] != before["landed"]
    assert [order[1] is None for order in goal["landed"][1]] == [True, False]
    assert (len(before["landed"][0]), len(goal["landed"][0])) == (2, 1)
    assert goal["open"] == [row for row in before["open"] if row[1] != 3]
    assert goal["sealed"].count("erased") > goal["sealed"].count("row")
    assert (len(before["published"]), len(goal["published"])) == (2, 3)
    assert goal["candidates"] == []
    assert len(killed) == (points or undisturbed["effects"])
    for run in killed:
        told = (seed, run["kill"])
        assert run["killed"], told
        assert run["served_after_kill"] in (before["served"][1], goal["served"][1]), told
        assert run["after_rerun"] == goal, told
        assert run["half_made"] == [], told
