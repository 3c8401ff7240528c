"""Nights one by one, one night over everything, nights in any order: the same marts. And nothing grows that should not.

Quick: the models of the small project without dbt for the nights one by one and with dbt for the one over everything;
a verdict that passed instead of the gate. Soak: also the real project with the real gate, for three nights.
"""

import random
import shutil
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import duckdb
import pytest

from siyu.publication import current_publication
from siyu.publication.manifest import read_manifest
from siyu.settings import Home, save_settings
from tests.faults.forking import STEPS, Nights
from tests.faults.looking import check_landed, check_shown, leftovers
from tests.faults.shop import Sale, changed, sales_of_day, write_file, write_mapping
from tests.landing.shop import files_of

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(1500)]

SEED = 20261120
SETTINGS = {
    "keep_publications": 3,
    "reader_grace_hours": 0,
    "keep_candidates_days": 0,
    "keep_logs_days": 0,
    "keep_warehouses": 1,
    "compact_files": 4,
}


def files_of_nights(nights: int, orders: int = 3) -> dict[str, list[Sale]]:
    """A file per night by name: orders of the day, and from the second on one of the day before, changed."""
    return {
        f"day{day:02d}.csv": sales_of_day(day, orders)
        + [changed(sale, days_later=1, amount=90 + day) for sale in sales_of_day(day - 1, 1) if day]
        for day in range(nights)
    }


class Shop:
    """Homes of one shop, all with the same keys, so that the same person has the same token in each."""

    def __init__(self, nights: Nights, folder: Path, files: dict[str, list[Sale]]) -> None:
        self.nights, self.folder, self.files = nights, folder, files
        self.mapping = write_mapping(folder)
        self.numbers = count(1)
        for name, sales in files.items():
            write_file(folder / "log" / name, sales)

    def home(self, name: str, like: Home | None = None) -> Home:
        home = Home(self.folder / name).create()
        save_settings(home, SETTINGS)
        if like:
            shutil.copytree(like.keys, home.keys)
        return home

    def run(self, home: Home, names: Sequence[str], *, with_: str, steps: Sequence[str] = STEPS) -> None:
        """A night, or these steps of one, for each of these files; "" stands for all files."""
        for name in names:
            run_id, path = f"night{next(self.numbers)}", self.folder / "log" / name
            answer = self.nights.run(
                "run_night", home.root, run_id, self.mapping, path, with_=with_, steps=steps
            )
            assert answer.is_done, answer


def published_checksums(home: Home) -> dict[str, str]:
    """Checksum per mart of what is published."""
    current = current_publication(home)
    assert current is not None
    return {name: table.checksum for name, table in read_manifest(current.folder).models.items()}


def bytes_below(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def check_size(home: Home, fresh: Home) -> float:
    """Nothing is kept that the settings do not keep; warehouse over that of a fresh build, in bytes."""
    kept = SETTINGS["keep_publications"] + len({day[:7] for day in _days(home)})  # and the last of each month
    assert len([path for path in home.publications.iterdir() if path.is_dir()]) <= kept
    assert len(list(home.warehouses.glob("*"))) <= SETTINGS["keep_warehouses"]
    assert len(list(home.runs.iterdir())) <= SETTINGS["keep_warehouses"]
    assert list(home.candidates.iterdir()) == []
    rows = [name for name in files_of(home) if name.startswith("raw/files/")]
    assert len(rows) <= 3 * SETTINGS["compact_files"], "three resources, each merged at so many files"
    assert leftovers(home) == []
    ratio = bytes_below(home.warehouses) / bytes_below(fresh.warehouses)
    assert ratio <= 1.5
    return ratio


def _days(home: Home) -> set[str]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.marts_file}' as served (read_only)")
        days = connection.execute(
            "select distinct as_of_date::varchar from served.main.publish_log"
        ).fetchall()
    return {day for (day,) in days}


@pytest.mark.guarantee("F13")
@pytest.mark.guarantee("F26")
@pytest.mark.soak
@pytest.mark.parametrize("days", [5, 30])
def test_f13_f26_nights_one_by_one_give_other_marts_than_one_backfill_or_leave_more_behind(
    nights: Nights, tmp_path: Path, figure: Callable[[str, object], None], days: int
) -> None:
    files = files_of_nights(days)
    shop = Shop(nights, tmp_path, files)
    nightly = shop.home("nightly")
    shop.run(nightly, list(files), with_="sql")
    check_shown(nightly, files)
    check_landed(nightly, files)

    at_once = shop.home("at once", like=nightly)
    shop.run(at_once, [""], with_="dbt")
    shuffled = random.Random(SEED).sample(list(files), days)
    assert shuffled != list(files)
    any_order = shop.home("any order", like=nightly)
    shop.run(any_order, shuffled, with_="sql")

    assert published_checksums(at_once) == published_checksums(nightly)
    assert published_checksums(any_order) == published_checksums(nightly)
    figure("nights", days)
    figure("warehouse, nightly over fresh", round(check_size(nightly, at_once), 2))


@pytest.mark.soak
@pytest.mark.guarantee("F26")
def test_f26_sixty_nights_leave_more_behind_than_the_settings_keep(
    nights: Nights, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    files = files_of_nights(60)
    shop = Shop(nights, tmp_path, files)
    home, state = shop.home("nightly"), {}
    for number, name in enumerate(files):
        shop.run(home, [name], with_="sql")
        if number == 10:
            state = {path.name for path in home.state.iterdir()}
    assert {path.name for path in home.state.iterdir()} == state
    check_shown(home, files)
    fresh = Home(shutil.copytree(home.root, tmp_path / "fresh"))
    shutil.rmtree(fresh.warehouses)
    shop.run(fresh, [list(files)[-1]], with_="sql", steps=["build"])
    figure("nights", len(files))
    figure("warehouse, nightly over fresh", round(check_size(home, fresh), 2))
    figure("bytes of records per night", bytes_below(home.loads) // len(files))


@pytest.mark.soak
@pytest.mark.guarantee("F13")
def test_f13_real_nights_one_by_one_give_other_marts_than_one_backfill(
    nights: Nights, tmp_path: Path
) -> None:
    files = {f"day{day:02d}.csv": sales for day, sales in enumerate(files_of_nights(3, orders=12).values())}
    shop = Shop(nights, tmp_path, files)
    nightly = shop.home("nightly")
    shop.run(nightly, list(files), with_="all")
    at_once = shop.home("at once", like=nightly)
    shop.run(at_once, [""], with_="all")
    any_order = shop.home("any order", like=nightly)
    shuffled = random.Random(SEED).sample(list(files), len(files))
    shop.run(any_order, shuffled, with_="all", steps=["extract_and_land"])
    shop.run(any_order, [shuffled[0]], with_="all")
    assert published_checksums(at_once) == published_checksums(nightly)
    assert published_checksums(any_order) == published_checksums(nightly)
