"""Run as a program: an extraction that is killed at its n-th side effect, then run again.

A side effect is an audited file operation inside the home, or an opening of its database. The first line printed is the
undisturbed run with the number of its side effects; then come the runs that SIGKILL ended before one of them: what a
reader saw after the kill and after the same extraction ran again. Every process is forked from this one, which starts
no thread; the platform is a process too. Arguments: folder, how many points, seed.
"""

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas  # noqa: F401 - DuckDB imports it at first use; once here instead of in every child

from siyu.landing import read_records
from siyu.settings import Home
from tests.channels.api.platform import Answer, asked_of, running_apart
from tests.channels.api.shop import CONNECTOR, extract, order, orders_page, raw
from tests.channels.api.shop import ORDERS as ORDERS_TABLE
from tests.landing.killed_landing import SIDE_EFFECTS, in_child

ORDERS = [order(number) for number in range(1, 61)]  # three pages, a chunk each
IN_CHUNK = 20
SHOP = replace(
    CONNECTOR, streams=(replace(CONNECTOR.streams[0], tables=(ORDERS_TABLE,)),)
)  # without lines: faster
_DATABASE = "sqlite3.connect"


def count_and_kill_at(number: int, home: Home) -> Callable[[], int]:
    """From now on count side effects in the home and die before the one with this number (0: never)."""
    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        is_effect = event in SIDE_EFFECTS or (event == _DATABASE and str(home) in str(arguments[0]))
        if event == "open" and str(home) in str(arguments[0]):
            is_effect = isinstance(arguments[1], str) and bool(set("wax+") & set(arguments[1]))
        if is_effect:
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    return lambda: count


def seen(home: Home) -> dict[str, object]:
    """What a reader sees."""
    rows = raw(home, "orders", "order_id, paid_amount")
    return {
        "rows": len(rows),
        "is_source": rows
        == sorted(((str(one["id"]), Decimal(one["paid"]) / 100) for one in ORDERS), key=repr),
        "loads": [(record.sequence, record.load_id) for record in read_records(home)],
    }


def run(home: Home, url: str, kill: int, asked: Path) -> dict[str, object]:
    home.create()

    def work() -> int:
        count = count_and_kill_at(kill, home)
        extract(home, url, connector=SHOP, chunk_rows=IN_CHUNK)
        return count()

    def look_and_run_again() -> dict[str, object]:
        after_kill = seen(home)
        before = len(asked_of(asked))
        record = extract(home, url, connector=SHOP, chunk_rows=IN_CHUNK)
        assert record.extraction is not None
        return {
            "after_kill": after_kill,
            "after_rerun": seen(home),
            "asked_again": len(asked_of(asked)) - before,
            "is_complete": record.extraction.is_complete,
        }

    ended_by, effects = in_child(work)
    _, answers = in_child(look_and_run_again)
    assert isinstance(answers, dict)
    left = [str(path) for folder in (home.staging, home.pending) for path in folder.glob("*")]
    about = {"kill": kill, "killed": ended_by == signal.SIGKILL, "effects": effects, "left": left}
    shutil.rmtree(home.root)
    return about | answers


def main(folder: Path, points: int, seed: int) -> None:
    asked = folder / "asked"
    with running_apart(lambda one: Answer(document=orders_page(ORDERS, one.body)), asked) as url:
        undisturbed = run(Home(folder / "undisturbed"), url, 0, asked)
        print(json.dumps(undisturbed), flush=True)
        effects = undisturbed["effects"]
        assert isinstance(effects, int)
        chosen = sorted(random.Random(seed).sample(range(1, effects + 1), min(points, effects)))
        for number in chosen:
            print(json.dumps(run(Home(folder / str(number)), url, number, asked)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
