"""kill -9 at the n-th side effect of some work, for every n or some of them.

A test calls `run_killed`, which runs a program; the program calls `print_runs`, with what one run is. Processes are
forked from the program, which starts no thread.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from siyu.settings import PROJECT, Home

_SIDE_EFFECTS = {
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.remove",
    "os.chmod",
    "os.link",
    "shutil.rmtree",
    "fcntl.flock",
}
DATABASE = "sqlite3.connect"

Run = dict[str, object]


def run_killed(module: str, *arguments: object, timeout: float) -> list[dict[str, Any]]:
    """What a program printed: the run that nobody disturbed, then those that were killed."""
    process = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return [json.loads(line) for line in process.stdout.splitlines()]


def print_runs(run: Callable[[str, int], Run], points: int, seed: int, **told: object) -> None:
    """Print the undisturbed run, which counts the side effects, then one per point (0: all of them), as JSON lines.

    `run` is given a name of its own and the number of the side effect before which it is to die (0: never); it says
    under `effects` how many there were. `told` goes with the undisturbed run.
    """
    undisturbed = run("undisturbed", 0)
    print(json.dumps(undisturbed | told), flush=True)
    effects = undisturbed["effects"]
    assert isinstance(effects, int)
    every = range(1, effects + 1)
    for number in every if not points else sorted(random.Random(seed).sample(every, min(points, effects))):
        print(json.dumps(run(str(number), number)), flush=True)


def killed_and_finished(
    home: Home,
    kill: int,
    work: Callable[[], object],
    finish: Callable[[], Run],
    *,
    also: frozenset[str] = frozenset(),
) -> Run:
    """Work in a process that dies before a side effect, then finish in another: what that one says, and how it went."""

    def until_killed() -> int:
        count = _count_and_kill_at(kill, home, also)
        work()
        return count()

    ended_by, effects = in_child(until_killed)
    _, answers = in_child(finish)
    assert isinstance(answers, dict)
    return {"kill": kill, "killed": ended_by == signal.SIGKILL, "effects": effects} | answers


def in_child(work: Callable[[], object]) -> tuple[int, object]:
    """Do something in a process of its own: the signal that ended it (0: none), and what it returned."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, json.dumps(work()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        answer = file.read()
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, json.loads(answer) if answer else None


def half_made(files: Iterable[str]) -> list[str]:
    """Of the files of a home, those that a killed process left half made."""
    return sorted(file for file in files if ".tmp" in file or ".aside" in file or file.startswith("staging/"))


def arguments() -> tuple[Path, int, int]:
    """Folder, how many points (0: all) and seed: the last three words of the command line."""
    folder, points, seed = sys.argv[-3:]
    return Path(folder), int(points), int(seed)


def _count_and_kill_at(number: int, home: Home, also: frozenset[str]) -> Callable[[], int]:
    """From now on count side effects in the home and die before the one with this number (0: never).

    A side effect is an audited file operation, or an event of `also` that is about the home.
    """
    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        is_effect = event in _SIDE_EFFECTS or (event in also and str(home) in str(arguments[0]))
        if event == "open" and str(home) in str(arguments[0]):
            is_effect = isinstance(arguments[1], str) and bool(set("wax+") & set(arguments[1]))
        if is_effect:
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    return lambda: count
