"""What a program and everything that it starts cost: wall time, CPU, memory, bytes written.

Here: starting it and reading the kernel's counters. Not here: what is started.
"""

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from siyu.errors import EnvironmentFaultError
from siyu.settings import Settings

_EVERY_SECONDS = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")
_BLOCK = 512  # the unit in which Linux counts what a process writes
_TAIL = 2_000


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run of a program took.

    wall_seconds: from start to end.
    cpu_seconds: user and system time of it and of every process it started and waited for.
    peak_memory_bytes: the largest sum of resident memory over its processes; pages that they share count in each.
    written_bytes: handed to the file system, files that were removed again among them.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    written_bytes: int


def run_measured(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> tuple[Cost, str]:
    """Run a program in `folder` to its end; its cost and what it wrote to standard output.

    Raises:
        EnvironmentFaultError: It ended with another code than 0; the last of what it said follows.
    """
    said, complained = folder / "out.txt", folder / "err.txt"
    with said.open("wb") as output, complained.open("wb") as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        )
        with _MemoryWatch(process.pid) as memory:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise EnvironmentFaultError(
            f"{' '.join(command[:3])} … ended with {process.returncode}: "
            f"{complained.read_text(encoding='utf-8', errors='replace')[-_TAIL:].strip()}",
            do="mend what it complains of, then measure again",
        )
    cost = Cost(
        wall_seconds=round(wall, 2),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 2),
        # not ru_maxrss, in which Linux counts what the starting process held
        peak_memory_bytes=memory.peak_bytes,
        written_bytes=usage.ru_oublock * _BLOCK,
    )
    return cost, said.read_text(encoding="utf-8")


def python_program(module: str, *arguments: str | Path) -> list[str]:
    """The command that runs a module of siyu with this interpreter."""
    return [sys.executable, "-m", module, *map(str, arguments)]


class _MemoryWatch:
    """Looks at the resident memory of a process and its descendants ten times a second."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_MemoryWatch":
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            self.peak_bytes = max(self.peak_bytes, _resident_bytes(self._pid))


def _resident_bytes(pid: int) -> int:
    """Of a process and its descendants now; one that ends meanwhile counts as nothing."""
    process = Path("/proc") / str(pid)
    try:
        own = int((process / "statm").read_text().split()[1]) * _PAGE
        children = [
            int(child)
            for task in (process / "task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (OSError, IndexError, ValueError):
        return 0
    return own + sum(map(_resident_bytes, children))


def machine(settings: Settings) -> str:
    """What was measured on, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB; DuckDB {version('duckdb')} with {settings.duckdb_threads} threads"
        f" and {settings.duckdb_memory_limit}; Python {platform.python_version()}, dbt {version('dbt-core')},"
        f" Airflow {version('apache-airflow')}"
    )
