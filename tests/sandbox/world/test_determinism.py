"""Equal arguments, equal bytes: in another process too; another seed, another world."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from siyu.errors import UsageError
from siyu.sandbox.world.draft import World
from siyu.sandbox.world.generate import generate_world
from siyu.sandbox.world.presets import presets
from siyu.sandbox.world.tables import declared_tables

RANGE = ["--from", "2026-01-01", "--to", "2026-03-31"]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def start(folder: Path, *, seed: int, size: str = "400") -> subprocess.Popen[str]:
    """`siyu sandbox world` in a process of its own, with a hash seed of its own."""
    command = "from siyu.cli.main import run; run()"
    arguments = ["sandbox", "world", str(folder), "--size", size, "--seed", str(seed), *RANGE, "--json"]
    return subprocess.Popen(
        [sys.executable, "-c", command, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": str(len(folder.name))},
    )


def test_two_processes_write_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    seeds = {"first": 1, "another time": 1, "other": 2}
    runs = {name: start(tmp_path / name, seed=seed) for name, seed in seeds.items()}
    printed = {name: json.loads(run.communicate(timeout=240)[0]) for name, run in runs.items()}
    first, again, other = (digests(tmp_path / name) for name in runs)
    assert first == again
    assert set(first) == {table.file for table in declared_tables()} | {"world.json"}
    assert first["orders.parquet"] != other["orders.parquet"]
    assert first["accounts.parquet"] != other["accounts.parquet"]
    assert printed["first"]["rows"] == json.loads((tmp_path / "first/world.json").read_text())["rows"]


@pytest.mark.soak
def test_tables_of_many_row_groups_have_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("first", "another time"):
        assert start(tmp_path / name, seed=4, size="60000").wait(timeout=240) == 0
    first, again = (digests(tmp_path / name) for name in ("first", "another time"))
    assert first == again


@pytest.mark.soak
@pytest.mark.parametrize("preset", sorted(presets()))
def test_every_preset_makes_a_whole_world(tmp_path: Path, preset: str) -> None:
    size = "3000" if preset == "jewellery" else "1000"  # who buys seldom seldom sells on
    arguments = {"size": size, "seed": 1, "first": date(2025, 1, 1), "last": date(2025, 12, 31)}
    rows = generate_world(tmp_path, preset=preset, **arguments)["rows"]  # type: ignore[arg-type]
    assert [name for name, count in rows.items() if count == 0] == []
    if preset == "jewellery":  # 4,554 stores all year, 46 of them new and open for 183 days
        assert rows["footfall.parquet"] == 4_554 * 365 + 46 * 183
    if preset == "sports":
        assert (rows["footfall.parquet"], rows["skus.parquet"]) == (1_000 * 365, 30_000)


def test_a_part_draws_the_same_whatever_other_parts_do() -> None:
    arguments = {
        "persons": 10,
        "first": date(2026, 1, 1),
        "last": date(2026, 3, 31),
        "preset": presets()["fashion"],
    }
    one, other = (World(seed=5, connection=None, **arguments) for _ in range(2))  # type: ignore[arg-type]
    one.draws("persons").random(1_000)
    assert one.draws("orders").integers(10**9) == other.draws("orders").integers(10**9)
    assert one.draws("orders").integers(10**9) != one.draws("persons").integers(10**9)


def test_every_preset_has_the_scale_of_its_case() -> None:
    found = presets()
    articles = {name: one.styles * one.colours * len(one.sizes) for name, one in found.items()}
    assert (found["sports"].stores, articles["sports"], found["sports"].cities) == (1_000, 30_000, 50)
    assert found["jewellery"].stores == 4_600
    assert found["baby"].stores * (found["baby"].guides_per_store + 1) == 100
    assert found["baby"].stores == 20
    assert set(found) == {"fashion", "sports", "jewellery", "baby", "paint", "coffee"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"size": "XL"}, "expected S, M, L or a number of persons of at least 200"),
        ({"size": "20"}, "expected S, M, L or a number of persons of at least 200"),
        ({"last": date(2026, 1, 9)}, "expected at least 75 days"),
        ({"preset": "tea"}, "expected one of fashion, sports, jewellery, baby, paint, coffee"),
    ],
)
def test_a_world_that_cannot_be_is_refused_in_words(
    tmp_path: Path, changed: dict[str, object], says: str
) -> None:
    asked: dict[str, object] = {
        "size": "400", "seed": 1, "first": date(2026, 1, 1), "last": date(2026, 3, 31), "preset": "fashion",
    }  # fmt: skip
    with pytest.raises(UsageError, match=says):
        generate_world(tmp_path, **{**asked, **changed})  # type: ignore[arg-type]


def test_the_shortest_range_lacks_a_table(tmp_path: Path) -> None:
    first = date(2026, 4, 1)
    world = generate_world(tmp_path, size="300", seed=3, first=first, last=first + timedelta(days=74))
    assert [table for table, rows in world["rows"].items() if "template" in table and not rows] == []
