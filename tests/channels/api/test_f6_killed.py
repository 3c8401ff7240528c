"""F6: kill -9 anywhere in an extraction: nobody sees half a window, and the next run goes on and loses nothing."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from siyu.settings import PROJECT

PAGES = 3


@pytest.mark.timeout(600)
@pytest.mark.parametrize("points", [10, pytest.param(10_000, marks=pytest.mark.soak, id="all")])
def test_f6_killed_before_any_side_effect_an_extraction_loses_and_doubles_nothing(
    points: int, tmp_path: Path
) -> None:
    seed = secrets.randbelow(10**6)
    process = subprocess.run(
        [sys.executable, "-m", "tests.channels.api.killed_extraction", str(tmp_path), str(points), str(seed)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    undisturbed, *killed = (json.loads(line) for line in process.stdout.splitlines())
    print(f"seed {seed}, {undisturbed['effects']} side effects")
    assert undisturbed["after_kill"]["is_source"]
    assert len(killed) == min(points, undisturbed["effects"])
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
