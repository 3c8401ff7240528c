"""A restore believes nothing that the backup says before it has checked it, and makes a whole home or none."""

import fcntl
import hashlib
import json
import os
import random
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from siyu.errors import DamagedFileError, LockedError, SiyuError, UsageError
from siyu.recovery import back_up, restore
from siyu.settings import HOME_VERSION, Home, Settings
from tests.publication.small_candidates import bytes_of
from tests.recovery.homes import facts

PLACES = 30


@pytest.fixture(scope="module")
def one_backup(lived_once: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return back_up(lived_once, Settings(), tmp_path_factory.mktemp("backups")).folder


@pytest.fixture
def backup(one_backup: Path, tmp_path: Path) -> Path:
    """A backup of one's own."""
    return Path(shutil.copytree(one_backup, tmp_path / "backups" / one_backup.name))


@pytest.fixture
def there(tmp_path: Path) -> Home:
    """A place where nothing is, in a folder of its own."""
    return Home(tmp_path / "there" / "home")


def rewrite(backup: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change backup.json as someone would who knows how its checksum is made."""
    content = json.loads((backup / "backup.json").read_bytes())
    change(content)
    text = json.dumps(content | {"checksum": ""}, sort_keys=True, ensure_ascii=False)
    content["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    (backup / "backup.json").write_text(json.dumps(content), encoding="utf-8")


def refused(backup: Path, there: Home, words: str, kind: type[SiyuError] = UsageError) -> None:
    with pytest.raises(kind, match=words):
        restore(backup, there)
    assert not there.root.parent.exists() or not list(there.root.parent.iterdir())


HOSTILE = [
    "../outside",
    "raw/../../outside",
    "raw/files/../../../outside",
    "/etc/passwd",
    "//etc/passwd",
    "raw//outside",
    "raw/./file",
    "./raw/file",
    ".",
    "..",
    "",
    "/",
    "raw/",
    "raw/..",
    "published/marts.duckdb",
    "warehouse/night.duckdb",
    "nightly/airflow.cfg",
    "staging/x",
    ".bashrc",
    "~/.bashrc",
    "rawfile",
    "raw\x00/file",
    "raw/\x00",
    "C:\\outside",
    "..\\outside",
    "raw/files/loop",
    "raw/link/passwd",
    "raw/one",
    "keys/../../../../etc/passwd",
    "publications/../../../../../../../../etc/passwd",
]


@pytest.mark.guarantee("F39")
@pytest.mark.parametrize("name", HOSTILE)
def test_f39_a_name_in_a_backup_leads_out_of_it(backup: Path, there: Home, name: str) -> None:
    content = backup / "home"
    (content / "raw" / "link").symlink_to("/etc")
    (content / "raw" / "one").symlink_to("/etc/passwd")
    (content / "raw" / "files" / "loop").symlink_to("loop")
    outside = Path("/etc/passwd").read_bytes()
    entry = {"sha256": hashlib.sha256(outside).hexdigest(), "bytes": len(outside)}
    rewrite(backup, lambda record: record["files"].update({name: entry}))
    with pytest.raises(UsageError, match="leads out of"):
        restore(backup, there)
    assert not there.root.parent.exists()


@pytest.mark.guarantee("F39")
def test_f39_the_whole_content_of_a_backup_is_a_link_elsewhere(
    backup: Path, there: Home, tmp_path: Path
) -> None:
    shutil.move(backup / "home", tmp_path / "elsewhere")
    (backup / "home").symlink_to(tmp_path / "elsewhere")
    refused(backup, there, "leads out of")


@pytest.mark.guarantee("F25")
def test_f25_damage_in_a_backup_is_restored(backup: Path, there: Home, figure) -> None:
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    names = sorted(json.loads((backup / "backup.json").read_bytes())["files"])
    for _ in range(PLACES):
        file = backup / "home" / chance.choice(names)
        content = file.read_bytes()
        damage(file, chance)
        refused(backup, there, file.name, DamagedFileError)
        file.write_bytes(content)
    restore(backup, there)
    figure("damaged backups refused", PLACES)


def damage(file: Path, chance: random.Random) -> None:
    """Cut a file short, flip one of its bits, or remove it."""
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content))
    how = chance.choice(["cut", "flip", "remove"])
    if how == "remove":
        file.unlink()
    elif how == "cut":
        file.write_bytes(content[:place])
    else:
        content[place] ^= 1 << chance.randrange(8)
        file.write_bytes(content)


@pytest.mark.guarantee("F25")
def test_f25_a_damaged_record_of_a_backup_makes_another_home(
    backup: Path, there: Home, lived_once: Home
) -> None:
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    record = backup / "backup.json"
    content = record.read_bytes()
    told = []
    for _ in range(PLACES):
        damage(record, chance)
        try:
            restore(backup, there)
        except (UsageError, DamagedFileError) as fault:
            assert not there.root.exists()
            told.append(fault)
        else:  # a blank less, say
            assert facts(there) == facts(lived_once), seed
            shutil.rmtree(there.root)
        record.write_bytes(content)
    assert len(told) > PLACES / 2


@pytest.mark.parametrize("key", ["home_version", "format"])
def test_a_backup_of_a_newer_siyu_is_half_understood(backup: Path, there: Home, key: str) -> None:
    newer = HOME_VERSION + 1 if key == "home_version" else 2
    rewrite(backup, lambda record: record.update({key: newer, "siyu_version": "9.9", "unknown": 1}))
    refused(backup, there, r"was made by siyu 9\.9.*use the siyu that made it")


def test_what_is_no_whole_backup_is_restored(backup: Path, there: Home) -> None:
    half = backup.with_name(f".{backup.name}.tmp")
    shutil.copytree(backup, half)
    refused(half, there, "is no whole backup")
    (half / "backup.json").unlink()
    half.rename(backup.parent / "20990101T000000.000000Z")
    refused(backup.parent / "20990101T000000.000000Z", there, "is no whole backup")
    refused(backup.parent, there, rf"such as one of: {backup.name};")
    refused(backup / "home", there, "is no whole backup")


def test_a_home_is_restored_over_something(backup: Path, there: Home) -> None:
    there.create()
    before = bytes_of(there.root)
    with pytest.raises(UsageError, match="is not empty"):
        restore(backup, there)
    assert bytes_of(there.root) == before
    shutil.rmtree(there.root)
    there.root.write_bytes(b"a file")
    with pytest.raises(UsageError, match="is not empty"):
        restore(backup, there)
    assert there.root.read_bytes() == b"a file"


def test_an_empty_folder_is_no_place_for_a_home(backup: Path, there: Home, lived_once: Home) -> None:
    there.root.mkdir(parents=True)
    restore(backup, there)
    assert facts(there) == facts(lived_once)


def test_two_restores_to_one_place_mix(backup: Path, there: Home, lived_once: Home) -> None:
    beside = there.root.parent / ".home.restore.tmp"
    beside.mkdir(parents=True)
    (beside / "left").write_bytes(b"by a killed restore")
    held = os.open(beside, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(LockedError, match="another process restores"):
        restore(backup, there)
    assert (beside / "left").exists()
    os.close(held)
    restore(backup, there)
    assert facts(there) == facts(lived_once)
    assert [path.name for path in there.root.parent.iterdir()] == ["home"]
