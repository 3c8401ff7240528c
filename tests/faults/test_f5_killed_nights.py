"""A night that is killed anywhere: readers see the old state or the new one, and the same command mends the rest.

A point to be killed before is every change that a step of the night makes to the disk below its home, and whatever it
sends to PostgreSQL or to the robot that tells people; the bytes that DuckDB and SQLite write between two changes are
not points of their own. Quick: a sample of points of the small project, with a verdict that passed instead of the gate;
dbt runs where it is what is killed. Soak: all of these points, with PostgreSQL from the publication on. What is killed
by the clock is in test_f5_killed_by_the_clock.py.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from siyu.publication import published_state, served_id
from siyu.publication.seal import is_sealed, sealed
from siyu.publication.targets import postgres_state, shown_by_target
from siyu.settings import Home, save_settings
from siyu.storage import make_folder, write_json, written_whole
from tests.faults.f5_places import copied, publish_into, tell
from tests.faults.forking import AFTER_PUBLISHING, WHOLE_NIGHT, Nights
from tests.faults.looking import check_landed, check_shown, facts, leftovers
from tests.faults.shop import sales_of_day, write_file, write_mapping
from tests.orchestration.robot import Robot, running_robot
from tests.postgres import Database, Server

pytestmark = [pytest.mark.guarantee("F5"), pytest.mark.xdist_group("faults"), pytest.mark.timeout(1200)]

SEED = 20261120
# so that every night has something to remove and to merge
SETTINGS = {"keep_publications": 1, "reader_grace_hours": 0, "keep_candidates_days": 0, "keep_warehouses": 1}
FAILED, RECOVERED = "siyu: publish_marts failed at audit", "siyu: the night has recovered"
FAILING: dict[str, Any] = {"steps": ["audit", "tell"], "fail_at": "audit"}
FILES = {f"day{day}.csv": sales_of_day(day) for day in range(3)}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A home, and its database, as they are when a step of the night begins, and how many changes the step makes."""

    step: str
    home: Path
    database: Database | None
    changes: int


@dataclass(frozen=True, kw_only=True)
class World:
    """A night over the third file, cut into its steps; the one before it failed, and the robot was told so."""

    mapping: Path
    log: Path
    stages: tuple[Stage, ...]
    old: str  # published states
    new: str
    undisturbed: dict[str, Any]
    quiet: Path  # the home before that failure, and how many changes it makes with its message
    failing_changes: int
    robot: Robot
    server: Server | None  # None: nothing is published into PostgreSQL


@contextmanager
def made_world(nights: Nights, folder: Path, server: Server | None) -> Iterator[World]:
    """Make it; with a server every stage has a database."""
    mapping, home = write_mapping(folder), Home(folder / "home").create()
    save_settings(home, SETTINGS | {"compact_files": 2})
    with running_robot() as robot, ExitStack() as stack:
        tell(home, robot.address())
        database = stack.enter_context(server.database()) if server else None
        if database:
            publish_into(home, database)
        for number, (name, sales) in enumerate(FILES.items()):
            path = write_file(folder / "log" / name, sales)
            if number < 2:
                arguments = (home.root, f"night{number}", mapping, path)
                assert nights.run("run_night", *arguments, steps=WHOLE_NIGHT, with_="sql").is_done
        quiet = folder / "quiet"
        shutil.copytree(home.root, quiet)
        lost = nights.run("run_night", home.root, "lost", mapping, path, **FAILING)
        assert lost.error
        assert robot.titles == [FAILED]
        old, stages = published_state(home), []
        for number, step in enumerate(WHOLE_NIGHT):
            place = folder / f"{number}-{step}"
            shutil.copytree(home.root, place)
            copy = stack.enter_context(copied(server, database)) if server and database else None
            answer = nights.run(
                "run_night", home.root, "night2", mapping, path, steps=[step], with_=_with(step)
            )
            assert answer.is_done, answer
            stages.append(Stage(step=step, home=place, database=copy, changes=answer.changes))
        check_shown(home, FILES)
        assert is_reported(home)
        assert robot.titles == [FAILED, RECOVERED]
        yield World(
            mapping=mapping,
            log=path,
            stages=tuple(stages),
            old=old,
            new=published_state(home),
            undisturbed=facts(home),
            quiet=quiet,
            failing_changes=lost.changes,
            robot=robot,
            server=server,
        )


@pytest.fixture(scope="module")
def world(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made_world(nights, tmp_path_factory.mktemp("f5"), None) as made:
        yield made


@pytest.fixture(scope="module")
def world_in_postgres(
    nights: Nights, tmp_path_factory: pytest.TempPathFactory, postgres_server: Server
) -> Iterator[World]:
    with made_world(nights, tmp_path_factory.mktemp("f5-postgres"), postgres_server) as made:
        yield made


def _with(step: str) -> str:
    return "dbt" if step == "build" else "sql"


def is_reported(home: Home) -> bool:
    """Whether the report is about what is published."""
    return f" · {served_id(home)}</title>" in home.report_file.read_text(encoding="utf-8")


def kill_and_run_again(
    nights: Nights, world: World, stage: Stage, change: int, home: Home, *, is_same_run: bool
) -> bool:
    """Whether the step was killed before this change; whatever should not be fails.

    `is_same_run`: Airflow starts the task again, and those after it. Else the whole night is started anew.
    """
    shutil.copytree(stage.home, home.root)
    world.robot.told.clear()
    with (
        copied(world.server, stage.database) if world.server and stage.database else nullcontext() as database
    ):
        if database:
            publish_into(home, database)
        arguments = ("run_night", home.root, "night2", world.mapping, world.log)
        killed = nights.run(*arguments, steps=[stage.step], with_=_with(stage.step), die_before=change)
        assert killed.was_killed or killed.is_done, killed
        place = (
            f"{stage.step}, change {change} of {stage.changes}, {'same run' if is_same_run else 'new night'}"
        )
        assert published_state(home) in {world.old, world.new}, place
        if database:
            assert postgres_state(home) in {world.old, world.new}, place
        check_shown(home, FILES)
        check_landed(home, FILES)

        if is_same_run:
            steps = WHOLE_NIGHT[WHOLE_NIGHT.index(stage.step) :]
            again = nights.run(*arguments, steps=steps, with_=_with(stage.step))
        else:
            new_night = ("run_night", home.root, "night3", world.mapping, world.log)
            again = nights.run(*new_night, steps=WHOLE_NIGHT, with_="sql")
        assert again.is_done, f"{place}: {again}"
        assert facts(home, but="" if is_same_run else "night2") == world.undisturbed, place
        check_shown(home, FILES)
        if database:
            assert postgres_state(home) == world.new, place
            assert set(shown_by_target(home).values()) == {served_id(home)}, place
    assert is_reported(home), place
    check_told(world.robot, RECOVERED, place, before=stage.step in AFTER_PUBLISHING)
    shutil.rmtree(home.root)
    return killed.was_killed


def check_told(robot: Robot, title: str, place: str, *, before: bool = False) -> None:
    """This and nothing else was told, once or, where the kill came before it was noted, twice."""
    assert set(robot.titles) <= {title}, place
    assert 1 <= before + len(robot.titles) <= 2, f"{place}: told {len(robot.titles)} times"


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


def kill_who_tells_a_failure(nights: Nights, world: World, change: int, home: Home) -> bool:
    """Whether the process was killed before this change; then the same command fails again, and is told."""
    shutil.copytree(world.quiet, home.root)
    world.robot.told.clear()
    arguments = ("run_night", home.root, "lost", world.mapping, world.log)
    was_killed = nights.run(*arguments, **FAILING, die_before=change).was_killed
    assert nights.run(*arguments, **FAILING).error
    check_told(world.robot, FAILED, f"change {change} of {world.failing_changes}")
    shutil.rmtree(home.root)
    return was_killed


def test_f5_a_failure_is_never_told_or_three_times_when_its_teller_is_killed_at_a_random_change(
    nights: Nights, world: World, tmp_path: Path
) -> None:
    changes = random.SystemRandom().sample(range(1, world.failing_changes + 1), 4)
    assert all(kill_who_tells_a_failure(nights, world, change, Home(tmp_path / "home")) for change in changes)


@pytest.mark.soak
def test_f5_a_failure_is_never_told_or_three_times_when_its_teller_is_killed_at_any_change(
    nights: Nights, world: World, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    changes = range(1, world.failing_changes + 1)
    assert all(kill_who_tells_a_failure(nights, world, change, Home(tmp_path / "home")) for change in changes)
    figure("kills of who tells a failure", len(changes))


def kill_at_every_change(nights: Nights, world: World, stages: tuple[Stage, ...], home: Home) -> list[bool]:
    """Whether each was killed."""
    points = [(stage, change) for stage in stages for change in range(1, stage.changes + 1)]
    killed = [
        kill_and_run_again(nights, world, stage, change, home, is_same_run=number % 2 > 0)
        for number, (stage, change) in enumerate(points)
    ]
    assert sum(killed) >= len(points) - 4  # dbt does not make exactly as many each time
    return killed


@pytest.mark.soak
def test_f5_a_night_killed_at_any_change_leaves_half_of_it_to_readers_or_does_not_complete(
    nights: Nights, world: World, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    killed = kill_at_every_change(nights, world, world.stages, Home(tmp_path / "home"))
    figure("points of a night", len(killed))
    figure("kills", sum(killed))


@pytest.mark.soak
def test_f5_a_night_into_postgresql_killed_from_its_publication_on_leaves_half_of_it_or_tells_it_thrice(
    nights: Nights, world_in_postgres: World, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    stages = tuple(one for one in world_in_postgres.stages if one.step in {"publish", "report", "tell"})
    killed = kill_at_every_change(nights, world_in_postgres, stages, Home(tmp_path / "home"))
    figure("kills from the publication into PostgreSQL to its message", sum(killed))
