"""Two at once in one home: a night beside another, a rollback, a backup, a backfill, an erasure, or the last two.

With time to wait, both get through; with none, the one that comes second ends with exit code 3 and names the holder.
Left out: dbt (its models run as plain SQL) and the gate (a verdict that passed); the locks around them are real.
"""

import random
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from siyu.landing import live, read_records
from siyu.publication import published_state
from siyu.publication.records import publication_log
from siyu.recovery import restore
from siyu.settings import Home, save_settings
from tests.channels.api.platform import running
from tests.faults.forking import STEPS, Answer, Nights
from tests.faults.looking import check_landed, check_shown, leftovers, newest_loads, shown
from tests.faults.shop import FIRST_DAY, expected_orders, sales_of_day, write_file, write_mapping
from tests.faults.wide import FINAL, Platform, asked_for, check_wide, member_of, where_named, widen
from tests.properties import SOAK

pytestmark = [pytest.mark.guarantee("F8"), pytest.mark.xdist_group("faults"), pytest.mark.timeout(1200)]

FILES = {f"day{day}.csv": sales_of_day(day) for day in range(4)}
BUSY = re.compile(r"\.lock is held by process \d+ \(run .+, since .+\)")
ON_HOLD = "on hold since rollback to 1"
TIMES = 20 if SOAK else 3
# as often in the soak run; quick: each once, the last with no time to wait
BESIDE = [
    (other, number)
    for place, other in enumerate(("backfill", "erasure", "backfill and erasure"))
    for number in (range(TIMES) if SOAK else [place])
]
TOLD = {FIRST_DAY + timedelta(days=day): Decimal(100 + day) for day in range(4)}
RESTATED = {FIRST_DAY + timedelta(days=day): Decimal("250.50") + day for day in (1, 2, 3)}
REAL = {"business_date": (FIRST_DAY + timedelta(days=3)).isoformat(), "is_final": "true"}
FORGOTTEN = "D00-0"  # an order with a refund, whose buyer the brand forgets


Command = tuple[tuple[Any, ...], dict[str, Any]]  # arguments of Nights.start, by place and by name


@dataclass(frozen=True, kw_only=True)
class World:
    """A home with two publications, and two more files to land."""

    folder: Path
    home: Path
    mapping: Path
    states: tuple[str, str, str]  # published states of one, two and three days

    def file(self, day: int) -> Path:
        return self.folder / "log" / f"day{day}.csv"


@pytest.fixture(scope="module")
def world(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("f8")
    mapping, home, states = write_mapping(folder), Home(folder / "home").create(), []
    for day, (name, sales) in enumerate(FILES.items()):
        path = write_file(folder / "log" / name, sales)
        if day < 3:
            if day == 2:
                shutil.copytree(home.root, folder / "before")
            assert nights.run("run_night", home.root, f"night{day}", mapping, path, with_="sql").is_done
            states.append(published_state(home))
    one, two, three = states
    return World(folder=folder, home=folder / "before", mapping=mapping, states=(one, two, three))


@dataclass(frozen=True, kw_only=True)
class Wide:
    """As World, of a home that shows persons and ads; and the platform that tells these."""

    world: World
    home: Home
    platform: Platform


@pytest.fixture(scope="module")
def wide(nights: Nights, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wide]:
    platform, folder = Platform(TOLD), tmp_path_factory.mktemp("f8-wide")
    home = Home(shutil.copytree(world.home, folder / "before"))
    with running(platform) as served:
        widen(home, served.url)
        command, how = backfill(home, world, "first", days=TOLD)
        assert nights.run(*command, **how).is_done
        check_wide(home, FILES, spent=TOLD, forgotten=[])
        check_landed(home, FILES)
        named = {"publications/000003", "published/marts.duckdb", "raw/orders", "vault"}
        assert named <= where_named(home, [FORGOTTEN])
        yield Wide(world=world, home=home, platform=platform)


def settled(answer: Answer) -> bool:
    """Whether it got through; if not, it must have said who holds the lock, or that a person holds publishing."""
    assert not answer.was_killed
    if answer.error:
        message = answer.error["message"]
        is_busy = answer.error["exit_code"] == 3 and BUSY.search(message)
        is_refused = answer.error["exit_code"] == 1 and (ON_HOLD in message or "was built before" in message)
        assert is_busy or is_refused, answer
        assert "Conflicting lock" not in message
        return not is_busy
    return True


def run_at_once(nights: Nights, commands: Sequence[Command], *, seed: str, within: float = 1.5) -> int:
    """Start all in any order, each up to so many seconds after the one before; then those again that found a lock held.

    Returns how many these were.
    """
    dice = random.Random(seed)
    shuffled, started = dice.sample(commands, len(commands)), []
    for command, how in shuffled:
        started.append(nights.start(*command, **how))
        time.sleep(dice.uniform(0, within))
    losers = [one for one, process in zip(shuffled, started, strict=True) if not settled(process.wait())]
    for command, how in losers:
        assert settled(nights.run(*command, **how)), "alone, and still somebody holds the lock"
    return len(losers)


@pytest.mark.parametrize("number", range(TIMES))
@pytest.mark.parametrize("other", ["same file", "next file", "rollback", "backup"])
def test_f8_two_at_once_deadlock_or_end_in_what_no_order_of_them_gives(
    *,
    nights: Nights,
    world: World,
    tmp_path: Path,
    figure: Callable[[str, object], None],
    other: str,
    number: int,
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(world.home, home.root)
    save_settings(home, {"lock_wait_seconds": 0 if number % 3 == 2 else 120})
    night = ("run_night", home.root, "night-a", world.mapping, world.file(2))
    others: dict[str, tuple[object, ...]] = {
        "same file": ("run_night", home.root, "night-b", world.mapping, world.file(2)),
        "next file": ("run_night", home.root, "night-b", world.mapping, world.file(3)),
        "rollback": ("roll_back", home.root, 1),
        "backup": ("take_backup", home.root, tmp_path / "backups"),
    }
    both = [(night, {"with_": "sql"}), (others[other], {"with_": "sql"} if "file" in other else {})]
    losers = run_at_once(nights, both, seed=f"{other}{number}")

    check_shown(home, FILES)
    check_landed(home, FILES)
    assert leftovers(home) == []
    ids = [(record.id, record.restores) for record in publication_log(home)]
    one, two, three = world.states
    if other == "rollback":
        assert ids in ([(1, None), (2, None), (3, 1)], [(1, None), (2, None), (3, None), (4, 1)])
        assert published_state(home) == one
    elif other == "next file":
        assert shown(home).orders == expected_orders(FILES.values())
    else:
        assert ids == [(1, None), (2, None), (3, None)]
        assert published_state(home) == three
    if other == "backup":
        (backup,) = (tmp_path / "backups").glob("2*")
        restore(backup, Home(tmp_path / "restored"))
        assert published_state(Home(tmp_path / "restored")) in {two, three}
    figure("losers that were told who holds the lock", losers)


def backfill(home: Home, world: World, run_id: str, *, days: Iterable[date]) -> Command:
    """Reads these days of the platform again, then builds and publishes."""
    command = ("run_night", home.root, run_id, world.mapping, world.file(0))
    return command, {"with_": "sql", "params": asked_for(min(days), max(days))}


@pytest.mark.parametrize(("other", "number"), BESIDE)
def test_f8_a_backfill_or_an_erasure_beside_a_night_deadlocks_loses_something_or_leaves_somebody_forgotten(
    *,
    nights: Nights,
    wide: Wide,
    tmp_path: Path,
    figure: Callable[[str, object], None],
    other: str,
    number: int,
) -> None:
    home, world = Home(shutil.copytree(wide.home.root, tmp_path / "home")), wide.world
    save_settings(home, {"lock_wait_seconds": 0 if number % 3 == 2 else 120})
    wide.platform.costs = TOLD | RESTATED
    night = ("run_night", home.root, "night-a", world.mapping, world.file(2))
    commands: list[Command] = [(night, {"with_": "sql", "params": FINAL})]
    if "backfill" in other:
        commands.append(backfill(home, world, "backfill", days=RESTATED))
    if "erasure" in other:
        commands.append((("forget", home.root, member_of(home, FORGOTTEN)), {}))
    losers = run_at_once(nights, commands, seed=f"{other}{number}")

    check_wide(
        home,
        FILES,
        spent=TOLD | RESTATED if "backfill" in other else TOLD,
        forgotten=[FORGOTTEN] if "erasure" in other else [],
    )
    check_landed(home, FILES)
    assert newest_loads(home) == {record.load_id for record in live(read_records(home))}
    if "erasure" in other:
        assert where_named(home, [FORGOTTEN]) == set()
    assert leftovers(home) == []
    figure("losers that were told who holds the lock", losers)


def test_f8_a_night_that_built_before_another_takes_the_others_numbers_away(
    nights: Nights, world: World, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(world.home, home.root)
    until_audit, publish = STEPS[: STEPS.index("publish")], ["publish"]
    slow = ("run_night", home.root, "slow", world.mapping, world.file(2))
    fast = ("run_night", home.root, "fast", world.mapping, world.file(3))
    assert nights.run(*slow, steps=until_audit, with_="sql").is_done
    assert nights.run(*fast, with_="sql").is_done
    state, loads = published_state(home), newest_loads(home)

    late = nights.run(*slow, steps=publish)
    assert late.error["exit_code"] == 1
    assert "run slow was built before 1 of the loads landed" in late.error["message"]
    assert (published_state(home), newest_loads(home)) == (state, loads)
    check_shown(home, FILES)


@pytest.fixture(scope="module")
def real(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wide]:
    """As `wide`, of the real project with the real gate; its second publication is of the day before the night."""
    folder = tmp_path_factory.mktemp("f8-real")
    platform, mapping = Platform(TOLD), write_mapping(folder)
    home = Home(folder / "home").create()
    for day in range(4):
        write_file(folder / "log" / f"day{day}.csv", sales_of_day(day, orders=12))
    world = World(folder=folder, home=home, mapping=mapping, states=("", "", ""))
    with running(platform) as served:
        widen(home, served.url)
        for command, how in (real_night(home, world, 0), real_backfill(home, world)):
            answer = nights.run(*command, **how)
            assert answer.is_done, answer
        yield Wide(world=world, home=home, platform=platform)


def real_night(home: Home, world: World, day: int) -> Command:
    command = ("run_night", home.root, f"night-{day}", world.mapping, world.file(day))
    return command, {"with_": "all", "params": REAL}


def real_backfill(home: Home, world: World) -> Command:
    command, how = backfill(home, world, "backfill", days=TOLD)
    return command, how | {"with_": "all", "params": how["params"] | REAL}


@pytest.mark.soak
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("other", ["erasure"])
def test_f8_a_real_build_and_audit_beside_another_run_end_in_what_no_order_of_them_gives(
    nights: Nights, real: Wide, tmp_path: Path, figure: Callable[[str, object], None], other: str
) -> None:
    real.platform.costs = TOLD | RESTATED

    def commands(home: Home) -> list[Command]:
        others: dict[str, Command] = {
            "next file": real_night(home, real.world, 3),
            "backfill": real_backfill(home, real.world),
            "erasure": (("forget", home.root, member_of(home, FORGOTTEN)), {}),
        }
        return [real_night(home, real.world, 2), others[other]]

    possible = []
    for number, order in enumerate((1, -1)):
        serial = Home(shutil.copytree(real.home.root, tmp_path / f"serial{number}"))
        for command, how in commands(serial)[::order]:
            answer = nights.run(*command, **how)
            assert answer.is_done, answer
        possible.append(published_state(serial))
    home = Home(shutil.copytree(real.home.root, tmp_path / "home"))
    losers = run_at_once(nights, commands(home), seed=other, within=20)
    assert published_state(home) in possible
    assert newest_loads(home) == {record.load_id for record in live(read_records(home))}
    if other == "erasure":
        assert where_named(home, [FORGOTTEN]) == set()
    assert leftovers(home) == []
    figure("losers that were told who holds the lock", losers)
