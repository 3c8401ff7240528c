"""kill -9 at every side effect of a landing: a reader sees the old state or the new one, and a rerun completes."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from siyu.settings import PROJECT


def run_killed(what: str, folder: Path, points: int, seed: int) -> list[dict]:
    process = subprocess.run(
        [sys.executable, "-m", "tests.landing.killed_landing", what, str(folder), str(points), str(seed)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return [json.loads(line) for line in process.stdout.splitlines()]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("points", [6, pytest.param(0, marks=pytest.mark.soak, id="all")])
@pytest.mark.parametrize("what", ["first", "second", "compact"])
def test_f5_killed_before_any_side_effect_a_landing_is_whole_or_absent_and_completes(
    what: str, points: int, tmp_path: Path
) -> None:
    seed = secrets.randbelow(10**6)
    undisturbed, *killed = run_killed(what, tmp_path, points, seed)
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
