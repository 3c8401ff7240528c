"""kill -9 before any change that a backup or a restore makes: whole or not there, and the same command completes it."""

import random
import secrets
import shutil
from pathlib import Path

import pytest

from siyu.errors import UsageError
from siyu.recovery import back_up, restore
from siyu.settings import Home, Settings
from tests.publication import processes
from tests.publication.small_candidates import bytes_of
from tests.recovery import killing
from tests.recovery.homes import copied, facts

QUICK = 8

every_or_some = pytest.mark.parametrize("points", [QUICK, pytest.param(0, marks=pytest.mark.soak)])
pytestmark = [pytest.mark.timeout(1800), pytest.mark.guarantee("F5")]


def chosen(number: int, points: int) -> list[int]:
    """Which of the 1-based changes to die before; 0 points: all."""
    if not points:
        return list(range(1, number + 1))
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    return sorted(random.Random(seed).sample(range(1, number + 1), points))


@every_or_some
def test_f5_a_killed_backup_is_taken_for_a_whole_one_or_hurts_the_home(
    lived_once: Home, tmp_path: Path, points: int, figure
) -> None:
    held = facts(lived_once)
    first = tmp_path / "first"
    copied(lived_once, first / "home")
    back_up(Home(first / "home"), Settings(), first / "backups")

    def world(name: object) -> Path:
        return Path(shutil.copytree(first, tmp_path / str(name)))

    number = killing.changes(killing.take_backup, world("undisturbed"), tmp_path / "told")
    for change in (points_chosen := chosen(number, points)):
        there = world(change)
        before = content(there / "home")
        assert processes.run(killing.take_backup, there, change) == killing.KILLED, change
        assert content(there / "home").items() >= before.items(), change
        older, *newer = sorted((there / "backups").glob("2*"))
        assert content(older) == content(first / "backups" / older.name), change
        for backup in newer:  # cut off after the rename
            assert backup_restores(backup, there / f"of {backup.name}", held), change
        made = back_up(Home(there / "home"), Settings(), there / "backups")
        assert backup_restores(made.folder, there / "again", held), change
        assert not list((there / "backups").glob(".*")), change
        assert not any((there / "home" / "staging").iterdir()), change
        shutil.rmtree(there)
    figure("changes a backup makes", number)
    figure("backups killed", len(points_chosen))


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but locks, which their holders sign, by name relative to the folder."""
    return {
        str(Path(name).relative_to(folder)): digest
        for name, digest in bytes_of(folder).items()
        if not name.endswith(".lock")
    }


def backup_restores(backup: Path, place: Path, held: dict[str, object]) -> bool:
    restore(backup, Home(place))
    return facts(Home(place)) == held


@every_or_some
def test_f5_a_killed_restore_leaves_half_a_home(
    lived_once: Home, tmp_path: Path, points: int, figure
) -> None:
    held = facts(lived_once)
    first = tmp_path / "first"
    back_up(lived_once, Settings(), first / "backups")

    def world(name: object) -> Path:
        return Path(shutil.copytree(first, tmp_path / str(name)))

    number = killing.changes(killing.bring_back, world("undisturbed"), tmp_path / "told")
    for change in (points_chosen := chosen(number, points)):
        there = world(change)
        before = content(there / "backups")
        home = Home(there / "there" / "home")
        assert processes.run(killing.bring_back, there, change) == killing.KILLED, change
        (backup,) = (there / "backups").glob("2*")
        if home.root.exists():  # cut off after the rename: the home is whole
            with pytest.raises(UsageError, match="is not empty"):
                restore(backup, home)
        else:
            restore(backup, home)
        assert facts(home) == held, change
        assert [path.name for path in home.root.parent.iterdir()] == ["home"], change
        assert content(there / "backups") == before, change
        shutil.rmtree(there)
    figure("changes a restore makes", number)
    figure("restores killed", len(points_chosen))
