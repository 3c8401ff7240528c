"""Landings in several processes at once: each is whole, none is counted twice, nothing is left over."""

import signal
import subprocess
import sys
from pathlib import Path

from siyu.landing import read_records
from siyu.resources import ORDERS
from siyu.settings import PROJECT, Home
from siyu.state.staging import staging_folder
from tests.landing.shop import File, Shop, files_of, order

LANDER = """
import sys
from pathlib import Path
from siyu.settings import Home
from tests.landing.shop import File, Shop, order
home, name, first, last = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
rows = [order(f"o{number}") for number in range(int(first), int(last))]
print(Shop(Home(Path(home))).land(File(name=name, rows=rows, bad=[{"text": "?"}])).load_id)
"""

DYING = """
import os, signal, sys
from pathlib import Path
from siyu.settings import Home, Settings
from siyu.state.staging import staging_folder
with staging_folder(Home(Path(sys.argv[1])), Settings(), "dead") as folder:
    (folder / "orders.parquet").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def land_at_once(home: Home, landings: list[tuple[str, int, int]]) -> list[str]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", LANDER, str(home.root), name, str(first), str(last)],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name, first, last in landings
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    found = [process.communicate("go\n", timeout=300)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return found


def test_the_very_same_file_landed_by_three_at_once_is_one_load(home: Home) -> None:
    ids = land_at_once(home, [("a.csv", 0, 50)] * 3)
    assert len(set(ids)) == 1
    assert [(record.load_id, record.sequence) for record in read_records(home)] == [(ids[0], 1)]
    assert len(Shop(home).raw(ORDERS, "order_id")) == 50
    assert list(home.staging.iterdir()) == []


def test_overlapping_files_landed_at_once_count_their_common_rows_once(home: Home) -> None:
    land_at_once(home, [("a.csv", 0, 60), ("b.csv", 30, 90), ("c.csv", 60, 120)])
    records = read_records(home)
    assert [record.sequence for record in records] == [1, 2, 3]
    found = [record.resources["orders"].counts for record in records]
    assert sum(one.landed for one in found) == 120
    assert all(one.is_conserved for one in found)
    assert Shop(home).raw(ORDERS, "order_id") == sorted(((f"o{number}",) for number in range(120)), key=repr)
    named = {stored.file for record in records for stored in record.files}
    assert {
        name
        for name in files_of(home)
        if name.split("/")[0] in ("quarantine", "vault") or name.startswith("raw/files")
    } == named


def test_a_dead_landings_folder_goes_and_a_living_ones_stays(shop: Shop) -> None:
    killed = subprocess.run([sys.executable, "-c", DYING, str(shop.home.root)], cwd=PROJECT, check=False)
    assert killed.returncode == -signal.SIGKILL
    (dead,) = shop.home.staging.iterdir()
    with staging_folder(shop.home, shop.settings, "living") as living:
        (living / "orders.parquet").write_bytes(b"half")
        shop.land(File(rows=[order("o1")]))
        assert not dead.exists()
        assert [path.name for path in living.iterdir()] == ["orders.parquet"]
    assert list(shop.home.staging.iterdir()) == []


def test_a_stranger_file_in_staging_does_not_stop_a_landing(shop: Shop) -> None:
    Path(shop.home.staging).mkdir()
    (shop.home.staging / "notes.txt").write_text("mine")
    shop.land(File(rows=[order("o1")]))
    assert len(read_records(shop.home)) == 1
