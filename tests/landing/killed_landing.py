"""Run as a program: a landing that is killed at its n-th side effect, then run again.

A side effect is an audited file operation inside the home. The first line printed is the undisturbed run with the
number of its side effects; then come the runs that SIGKILL ended before one of them: what a reader saw after the kill
and after the same landing ran again. Arguments: what, folder, how many points (0: all), seed.
"""

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas  # noqa: F401 - DuckDB imports it at first use; once here instead of in every child

from siyu.landing import compact, create_raw_views, open_quarantine, read_records
from siyu.settings import Home, Settings
from tests.landing.shop import File, Shop, files_of, order

SIDE_EFFECTS = {
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.remove",
    "os.chmod",
    "os.link",
    "shutil.rmtree",
    "fcntl.flock",
}
FIRST = File(name="first.csv", rows=[order("o1"), order("o2")], bad=[{"text": "?"}])
SECOND = File(name="second.csv", rows=[order("o2"), order("o3")], bad=[{"text": "?"}])


def count_and_kill_at(number: int, home: Home) -> Callable[[], int]:
    """From now on count side effects in the home and die before the one with this number (0: never)."""
    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        is_effect = event in SIDE_EFFECTS
        if event == "open" and str(home) in str(arguments[0]):
            is_effect = isinstance(arguments[1], str) and bool(set("wax+") & set(arguments[1]))
        if is_effect:
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    return lambda: count


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


def seen(home: Home) -> dict[str, object]:
    """What a reader sees, without what differs between two runs of the same landing (random keys)."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        rows = connection.sql("select order_id, _load_id, _source_row from raw.files__orders").fetchall()
    records = read_records(home)
    return {
        "rows": sorted(rows),
        "loads": [
            (record.sequence, record.load_id, record.resources["orders"].counts.landed) for record in records
        ],
        "open": [(row.source_name, row.source_row) for row in open_quarantine(home)],
    }


def run(what: str, before: Path, folder: Path, kill: int) -> dict[str, object]:
    shutil.copytree(before, folder)
    home = Home(folder)

    def work() -> int:
        count = count_and_kill_at(kill, home)
        act(what, home)
        return count()

    def look_and_run_again() -> dict[str, object]:
        after_kill = seen(home)
        act(what, home)
        return {"after_kill": after_kill, "after_rerun": seen(home)}

    ended_by, effects = in_child(work)
    _, answers = in_child(look_and_run_again)
    assert isinstance(answers, dict)
    leftovers = [str(path) for path in home.staging.glob("*")]
    about = {"kill": kill, "killed": ended_by == signal.SIGKILL, "effects": effects}
    return about | answers | {"files": sorted(files_of(home)), "staging": leftovers}


def act(what: str, home: Home) -> None:
    if what == "compact":
        compact(home, Settings(compact_files=2))
    else:
        Shop(home).land(FIRST if what == "first" else SECOND)


def prepare(what: str, home: Home) -> None:
    home.create()
    if what != "first":
        Shop(home).land(FIRST)
    if what == "compact":
        Shop(home).land(SECOND)


def main(what: str, folder: Path, points: int, seed: int) -> None:
    before = folder / "before"
    in_child(lambda: prepare(what, Home(before)))
    undisturbed = run(what, before, folder / "undisturbed", 0)
    _, state = in_child(lambda: seen(Home(before)))
    print(json.dumps(undisturbed | {"before": state}), flush=True)
    effects = undisturbed["effects"]
    assert isinstance(effects, int)
    every = range(1, effects + 1)
    chosen = every if not points else sorted(random.Random(seed).sample(every, min(points, effects)))
    for number in chosen:
        print(json.dumps(run(what, before, folder / str(number), number)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
