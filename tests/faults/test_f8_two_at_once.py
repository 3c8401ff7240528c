"""Two at once in one home: two nights, a night and a rollback, a night and a backup, started at the same moment.

With time to wait, both get through; with none, the one that comes second ends with exit code 3 and names the holder.
Left out: dbt (its models run as plain SQL) and the gate (a verdict that passed); the locks around them are real.
"""

import random
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from siyu.publication import published_state
from siyu.publication.records import publication_log
from siyu.recovery import restore
from siyu.settings import Home, save_settings
from tests.faults.forking import STEPS, Answer, Nights
from tests.faults.looking import check_landed, check_shown, leftovers, newest_loads, shown
from tests.faults.shop import expected_orders, sales_of_day, write_file, write_mapping
from tests.properties import SOAK

pytestmark = [pytest.mark.guarantee("F8"), pytest.mark.xdist_group("faults"), pytest.mark.timeout(1200)]

FILES = {f"day{day}.csv": sales_of_day(day) for day in range(4)}
BUSY = re.compile(r"\.lock is held by process \d+ \(run .+, since .+\)")
ON_HOLD = "on hold since rollback to 1"
TIMES = 20 if SOAK else 3


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
    random.Random(number).shuffle(both)
    running = []
    for command, named in both:
        running.append(nights.start(*command, **named))
        time.sleep(random.Random(f"{other}{number}").uniform(0, 1.5))
    losers = [one for one, process in zip(both, running, strict=True) if not settled(process.wait())]
    for command, named in losers:
        assert settled(nights.run(*command, **named)), "alone, and still somebody holds the lock"

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
    figure("losers that were told who holds the lock", len(losers))


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
