"""kill -9 at every side effect of a landing: a reader sees the old state or the new one, and a rerun completes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from siyu.settings import PROJECT


def run_killed(what: str, folder: Path) -> list[dict]:
    process = subprocess.run(
        [sys.executable, "-m", "tests.landing.killed_landing", what, str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return [json.loads(line) for line in process.stdout.splitlines()]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", ["first", "second", "compact"])
def test_f5_killed_before_any_side_effect_a_landing_is_whole_or_absent_and_completes(
    what: str, tmp_path: Path
) -> None:
    runs = run_killed(what, tmp_path)
    *killed, undisturbed = runs
    assert len(killed) >= 10, "the hook saw too few side effects to prove anything"
    assert not undisturbed["killed"]
    goal = undisturbed["after_rerun"]
    assert goal["rows"]
    before = killed[0]["after_kill"]
    for number, run in enumerate(killed, start=1):
        assert run["killed"], number
        assert run["after_kill"] in (before, goal), number
        assert run["after_rerun"] == goal, number
        assert run["files"] == undisturbed["files"], number
        assert run["staging"] == [], number
