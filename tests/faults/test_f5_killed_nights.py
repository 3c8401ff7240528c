"""A night that is killed anywhere: readers see the old state or the new one, and the same command mends the rest.

Every change that a step of the night makes to the disk below its home is a point to be killed before; the bytes that
DuckDB and SQLite write between two changes are not points of their own. Quick: a sample of points of the small project,
with a verdict that passed instead of the gate; dbt runs where it is what is killed. Soak: all of these points; and the
command `siyu nightly`, with Airflow, real project and gate, killed with its process group by the clock.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from siyu.publication import published_state
from siyu.publication.seal import is_sealed, sealed
from siyu.settings import Home, save_settings
from siyu.storage import make_folder, write_json, written_whole
from tests.faults.forking import STEPS, Nights
from tests.faults.looking import check_landed, check_shown, facts, leftovers
from tests.faults.shop import sales_of_day, write_file, write_mapping

pytestmark = [pytest.mark.guarantee("F5"), pytest.mark.xdist_group("faults"), pytest.mark.timeout(1200)]

SEED = 20261120
KILLS_BY_THE_CLOCK = 20
# so that every night has something to remove and to merge
SETTINGS = {"keep_publications": 1, "reader_grace_hours": 0, "keep_candidates_days": 0, "keep_warehouses": 1}
FILES = {f"day{day}.csv": sales_of_day(day) for day in range(3)}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A home as it is when a step of the night begins, and how many changes the step then makes."""

    step: str
    home: Path
    changes: int


@dataclass(frozen=True, kw_only=True)
class World:
    """A night over the third file, cut into its steps."""

    mapping: Path
    log: Path
    stages: tuple[Stage, ...]
    old: str  # published states
    new: str
    undisturbed: dict[str, Any]


@pytest.fixture(scope="module")
def world(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("f5")
    mapping, home = write_mapping(folder), Home(folder / "home").create()
    save_settings(home, SETTINGS | {"compact_files": 2})
    for number, (name, sales) in enumerate(FILES.items()):
        path = write_file(folder / "log" / name, sales)
        if number < 2:
            assert nights.run("run_night", home.root, f"night{number}", mapping, path, with_="sql").is_done
    old, stages = published_state(home), []
    for number, step in enumerate(STEPS):
        place = folder / f"{number}-{step}"
        shutil.copytree(home.root, place)
        answer = nights.run("run_night", home.root, "night2", mapping, path, steps=[step], with_=_with(step))
        assert answer.is_done, answer
        stages.append(Stage(step=step, home=place, changes=answer.changes))
    check_shown(home, FILES)
    return World(
        mapping=mapping,
        log=path,
        stages=tuple(stages),
        old=old,
        new=published_state(home),
        undisturbed=facts(home),
    )


def _with(step: str) -> str:
    return "dbt" if step == "build" else "sql"


def kill_and_run_again(
    nights: Nights, world: World, stage: Stage, change: int, home: Home, *, is_same_run: bool
) -> bool:
    """Whether the step was killed before this change; whatever should not be fails.

    `is_same_run`: Airflow starts the task again, and those after it. Else the whole night is started anew.
    """
    shutil.copytree(stage.home, home.root)
    arguments = ("run_night", home.root, "night2", world.mapping, world.log)
    killed = nights.run(*arguments, steps=[stage.step], with_=_with(stage.step), die_before=change)
    assert killed.was_killed or killed.is_done, killed
    place = f"{stage.step}, change {change} of {stage.changes}, {'same run' if is_same_run else 'new night'}"
    assert published_state(home) in {world.old, world.new}, place
    check_shown(home, FILES)
    check_landed(home, FILES)

    if is_same_run:
        again = nights.run(*arguments, steps=STEPS[STEPS.index(stage.step) :], with_=_with(stage.step))
    else:
        again = nights.run("run_night", home.root, "night3", world.mapping, world.log, with_="sql")
    assert again.is_done, f"{place}: {again}"
    assert facts(home, but="" if is_same_run else "night2") == world.undisturbed, place
    check_shown(home, FILES)
    shutil.rmtree(home.root)
    return killed.was_killed


def test_f5_what_a_killed_process_left_half_written_outlives_the_next_write_or_takes_a_living_one_along(
    tmp_path: Path,
) -> None:
    target = tmp_path / "published_from.json"
    (tmp_path / ".published_from.json.k1lled.tmp").write_text("{", encoding="utf-8")
    with written_whole(target) as living:
        living.write_text("slow", encoding="utf-8")
        write_json(target, {"fast": 1})
        assert sorted(path.name for path in tmp_path.iterdir()) == [living.name, target.name]
    assert target.read_text(encoding="utf-8") == "slow"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_f5_a_first_audit_that_was_killed_leaves_a_half_made_key_behind(home: Home) -> None:
    make_folder(home.state)
    (home.state / ".verdict.key.1.tmp").write_bytes(b"half a key")
    verdict = sealed(home, {"passed": True})
    assert is_sealed(home, verdict)
    assert leftovers(home) == []
    (home.state / ".verdict.key.2.tmp").write_bytes(b"linked, not yet removed")
    assert sealed(home, {"passed": True}) == verdict
    assert leftovers(home) == []


def test_f5_a_night_killed_at_a_random_change_leaves_half_of_it_to_readers_or_does_not_complete(
    nights: Nights, world: World, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    points = [(stage, change) for stage in world.stages for change in range(1, stage.changes + 1)]
    with_dbt = [
        (stage, change) for stage, change in points if stage.step == "build"
    ]  # these cost six seconds each
    without = [(stage, change) for stage, change in points if stage.step != "build"]
    fresh = random.SystemRandom().randrange(1 << 32)
    print(f"fresh seed: {fresh}")
    chosen = []
    for seed in (random.Random(SEED), random.Random(fresh)):
        chosen += [*seed.sample(without, 9), *seed.sample(with_dbt, 1)]
    killed = sum(
        kill_and_run_again(
            nights, world, stage, change, Home(tmp_path / str(number)), is_same_run=number % 3 > 0
        )
        for number, (stage, change) in enumerate(chosen)
    )
    assert killed >= 18
    figure("points of a night", len(points))
    figure("kills", killed)


@pytest.mark.soak
def test_f5_a_night_killed_at_any_change_leaves_half_of_it_to_readers_or_does_not_complete(
    nights: Nights, world: World, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    points = [(stage, change) for stage in world.stages for change in range(1, stage.changes + 1)]
    killed = sum(
        kill_and_run_again(nights, world, stage, change, Home(tmp_path / "home"), is_same_run=number % 2 > 0)
        for number, (stage, change) in enumerate(points)
    )
    assert killed >= len(points) - 4  # dbt does not make exactly as many each time
    figure("points of a night", len(points))
    figure("kills", killed)


@pytest.fixture(scope="module")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Folder of a home with one real night, mapping, and the folder of the files of the next."""
    folder = tmp_path_factory.mktemp("f5-real")
    mapping = write_mapping(folder)
    write_file(folder / "log" / "day0.csv", sales_of_day(0, orders=12))
    assert _nightly(folder / "home", mapping, folder / "log").wait() == 0
    write_file(folder / "log" / "day1.csv", sales_of_day(1, orders=12))
    return folder / "home", mapping, folder / "log"


def _nightly(home: Path, mapping: Path, log: Path) -> "subprocess.Popen[bytes]":
    command = [str(Path(sys.executable).parent / "siyu"), "nightly", "--home", str(home)]
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("SIYU_", "AIRFLOW"))
    }
    return subprocess.Popen(
        [*command, "--mapping", str(mapping), "--path", str(log)],
        cwd=home.parent,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_f5_siyu_nightly_killed_at_a_random_moment_leaves_half_of_it_to_readers_or_does_not_complete(
    published_once: tuple[Path, Path, Path], figure: Callable[[str, object], None]
) -> None:
    """Kills one after another: the same command goes on from what the last one left, then completes."""
    root, mapping, log = published_once
    home, old = Home(root), published_state(Home(root))
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"fresh seed: {seed}")
    moments, killed, states = random.Random(seed), 0, {old}
    for _ in range(KILLS_BY_THE_CLOCK):
        process = _nightly(root, mapping, log)
        try:
            process.wait(timeout=moments.uniform(1, 40))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
        states.add(published_state(home))
    assert _nightly(root, mapping, log).wait() == 0
    states.add(published_state(home))
    assert len(states) == 2, f"readers saw {len(states)} states; seed {seed}"
    # what killed runs left in their own folders goes when their logs do
    assert [name for name in leftovers(home) if not name.startswith("runs/")] == []
    assert killed > 0
    figure("kills of siyu nightly", killed)
