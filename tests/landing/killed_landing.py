"""Run as a program: a landing that is killed at its n-th side effect, for every n, then run again.

For each n a fresh home; the child is killed by SIGKILL before the n-th side effect (an audited file operation inside
the home), what a reader sees then is noted, and the same landing runs again. Prints one JSON object per n.
"""

import json
import os
import signal
import sys
from pathlib import Path

import duckdb

from siyu.landing import compact, create_raw_views, open_quarantine, read_records
from siyu.resources import ORDERS
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


def kill_at(number: int, home: Home) -> None:
    """From now on count side effects in the home and die before the one with this number."""
    count = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event == "open":
            is_effect = (
                isinstance(arguments[1], str)
                and set("wax+") & set(arguments[1])
                and str(home) in str(arguments[0])
            )
        else:
            is_effect = event in SIDE_EFFECTS
        if is_effect:
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def in_child(work: object, *, home: Home, kill: int = 0) -> int:
    """Do something in a process of its own; the signal that ended it, 0 when none did."""
    child = os.fork()
    if child == 0:
        if kill:
            kill_at(kill, home)
        work()  # type: ignore[operator]
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def seen(home: Home) -> dict[str, object]:
    """What a reader sees, without what differs between two runs of the same landing (random keys)."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        rows = connection.sql(
            "select order_id, _load_id, _source_row, _row_hash from raw.files__orders"
        ).fetchall()
    records = read_records(home)
    return {
        "rows": sorted((order_id, load_id, row) for order_id, load_id, row, _ in rows),
        "loads": [
            (record.sequence, record.load_id, record.resources["orders"].counts.landed) for record in records
        ],
        "open": [(row.source_name, row.source_row) for row in open_quarantine(home)],
    }


def main(what: str, folder: Path) -> None:
    number = 0
    while True:
        number += 1
        home = Home(folder / str(number)).create()
        shop = Shop(home)

        def prepare(shop: Shop = shop) -> None:
            shop.land(FIRST)
            if what == "compact":
                shop.land(SECOND)

        def work(shop: Shop = shop) -> None:
            if what == "compact":
                compact(shop.home, Settings())
            else:
                shop.land(SECOND)

        if what != "first":
            in_child(prepare, home=home)
        signal_number = in_child(work, home=home, kill=number)
        result: dict[str, object] = {"killed": signal_number != 0}
        in_child(lambda home=home: (home.root / "seen.json").write_text(json.dumps(seen(home))), home=home)
        result["after_kill"] = json.loads((home.root / "seen.json").read_text())
        in_child(work, home=home)
        in_child(lambda home=home: (home.root / "seen.json").write_text(json.dumps(seen(home))), home=home)
        result["after_rerun"] = json.loads((home.root / "seen.json").read_text())
        (home.root / "seen.json").unlink()
        result["files"] = sorted(files_of(home))
        result["staging"] = [str(path) for path in home.staging.glob("*")]
        print(json.dumps(result), flush=True)
        if not signal_number:
            return


if __name__ == "__main__":
    assert ORDERS.name == "orders"
    main(sys.argv[1], Path(sys.argv[2]))
