"""Run as a program: an extraction that is killed at its n-th side effect, then run again.

It prints the runs of tests.killing, opening the database being a side effect too: what a reader saw after the kill
and after the same extraction ran again. The platform is a process too. Arguments: folder, how many points (0: all),
seed.
"""

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas  # noqa: F401 - DuckDB imports it at first use; once here instead of in every child

from siyu.landing import read_records
from siyu.settings import Home
from tests.channels.api.platform import Answer, asked_of, running_apart
from tests.channels.api.shop import CONNECTOR, extract, order, orders_page, raw
from tests.channels.api.shop import ORDERS as ORDERS_TABLE
from tests.killing import DATABASE, Run, arguments, killed_and_finished, print_runs

ORDERS = [order(number) for number in range(1, 61)]  # three pages, a chunk each
IN_CHUNK = 20
SHOP = replace(
    CONNECTOR, streams=(replace(CONNECTOR.streams[0], tables=(ORDERS_TABLE,)),)
)  # without lines: faster


def seen(home: Home) -> dict[str, object]:
    """What a reader sees."""
    rows = raw(home, "orders", "order_id, paid_amount")
    return {
        "rows": len(rows),
        "is_source": rows
        == sorted(((str(one["id"]), Decimal(one["paid"]) / 100) for one in ORDERS), key=repr),
        "loads": [(record.sequence, record.load_id) for record in read_records(home)],
    }


def run(home: Home, url: str, kill: int, asked: Path) -> Run:
    home.create()

    def look_and_run_again() -> Run:
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

    done = killed_and_finished(
        home,
        kill,
        lambda: extract(home, url, connector=SHOP, chunk_rows=IN_CHUNK),
        look_and_run_again,
        also=frozenset({DATABASE}),
    )
    left = [str(path) for folder in (home.staging, home.pending) for path in folder.glob("*")]
    shutil.rmtree(home.root)
    return done | {"left": left}


def main(folder: Path, points: int, seed: int) -> None:
    asked = folder / "asked"
    with running_apart(lambda one: Answer(document=orders_page(ORDERS, one.body)), asked) as url:
        print_runs(lambda name, kill: run(Home(folder / name), url, kill, asked), points, seed)


if __name__ == "__main__":
    main(*arguments())
