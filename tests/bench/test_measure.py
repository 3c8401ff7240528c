"""The counters of a measured program are those of what it really did."""

import sys
import time
from pathlib import Path

import pytest

from siyu.bench.measure import run_measured
from siyu.errors import EnvironmentFaultError

MEGABYTE = 2**20
# a child of the child holds the memory, burns the time and writes the bytes
WORK = f"""
import pathlib, subprocess, sys, time
held = '''
import pathlib, time
kept = bytearray(150 * {MEGABYTE})
until = time.process_time() + 0.5
while time.process_time() < until: pass
pathlib.Path("written").write_bytes(bytes(20 * {MEGABYTE}))
time.sleep(0.3)
'''
subprocess.run([sys.executable, "-c", held], check=True)
print("done")
"""


def test_a_program_is_measured_without_what_it_started(tmp_path: Path) -> None:
    cost, said = run_measured([sys.executable, "-c", WORK], folder=tmp_path)
    assert said == "done\n"
    assert 0.5 <= cost.cpu_seconds < 5
    assert cost.wall_seconds >= 0.8
    assert 150 * MEGABYTE < cost.peak_memory_bytes < 400 * MEGABYTE
    assert 20 * MEGABYTE <= cost.written_bytes < 40 * MEGABYTE


def test_waiting_is_counted_as_cpu(tmp_path: Path) -> None:
    started = time.monotonic()
    cost, _ = run_measured([sys.executable, "-c", "import time; time.sleep(1)"], folder=tmp_path)
    assert cost.cpu_seconds < 0.5
    assert 1 <= cost.wall_seconds <= time.monotonic() - started + 0.01


def test_a_program_that_failed_has_figures(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFaultError, match=r"ended with 3: .*no room"):
        run_measured(
            [sys.executable, "-c", "import sys; print('no room', file=sys.stderr); sys.exit(3)"],
            folder=tmp_path,
        )
