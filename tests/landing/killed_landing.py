"""Run as a program: a landing that is killed at its n-th side effect, then run again.

It prints the runs of tests.killing: what a reader saw after the kill and after the same landing ran again. Arguments:
what, folder, how many points (0: all), seed.
"""

import shutil
import sys
from pathlib import Path

import duckdb
import pandas  # noqa: F401 - DuckDB imports it at first use; once here instead of in every child

from siyu.landing import compact, create_raw_views, open_quarantine, read_records
from siyu.settings import Home, Settings
from tests.killing import Run, arguments, in_child, killed_and_finished, print_runs
from tests.landing.shop import File, Shop, files_of, order

FIRST = File(name="first.csv", rows=[order("o1"), order("o2")], bad=[{"text": "?"}])
SECOND = File(name="second.csv", rows=[order("o2"), order("o3")], bad=[{"text": "?"}])


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


def run(what: str, before: Path, folder: Path, kill: int) -> Run:
    shutil.copytree(before, folder)
    home = Home(folder)

    def look_and_run_again() -> Run:
        after_kill = seen(home)
        act(what, home)
        return {"after_kill": after_kill, "after_rerun": seen(home)}

    done = killed_and_finished(home, kill, lambda: act(what, home), look_and_run_again)
    leftovers = [str(path) for path in home.staging.glob("*")]
    return done | {"files": sorted(files_of(home)), "staging": leftovers}


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
    _, state = in_child(lambda: seen(Home(before)))
    print_runs(lambda name, kill: run(what, before, folder / name, kill), points, seed, before=state)


if __name__ == "__main__":
    main(sys.argv[1], *arguments())
