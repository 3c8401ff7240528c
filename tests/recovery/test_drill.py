"""The drill: a home is lost, a backup is restored somewhere else, and everyone goes on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from siyu.cli.main import app
from siyu.errors import DamagedFileError, EnvironmentFaultError, RefusedError, UsageError
from siyu.landing import read_records
from siyu.publication import current_publication, publication_log, publish_candidate, published_state, resume
from siyu.publication.manifest import read_manifest
from siyu.publication.postgres import uri_file
from siyu.publication.targets import postgres_state, shown_by_target
from siyu.recovery import back_up, restore
from siyu.settings import Home, Settings
from tests.landing.shop import Shop
from tests.orchestration.small_shop import NEXT_LOG, REFUNDED, write_small_shop
from tests.postgres import Database
from tests.publication.postgres.tables import seen
from tests.publication.small_candidates import leftovers, served, write_candidate
from tests.recovery.homes import SECOND, THIRD, facts, modes

SIYU = Path(sys.executable).parent / "siyu"


@pytest.fixture
def lost(lived: Home, settings: Settings, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A backup of a home that is gone, and what the home held."""
    held = facts(lived)
    made = back_up(lived, settings, tmp_path / "backups")
    shutil.rmtree(lived.root)
    return made.folder, held


def test_a_restored_home_differs_from_the_lost_one(lost: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, held = lost
    there = Home(tmp_path / "elsewhere" / "home")
    restored = restore(folder, there)
    assert facts(there) == held
    assert (restored.publication_id, restored.served_id, restored.loads) == (3, 3, 2)
    assert restored.hold == held["hold"]
    assert (restored.has_keys, restored.damaged) == (True, ())
    assert modes(there.root) == {"d700", "f600"}
    assert leftovers(there) == []
    assert [path.name for path in there.root.parent.iterdir()] == ["home"]


def test_the_nights_after_a_restore_land_twice_or_publish_under_a_used_number(
    lost: tuple[Path, dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    folder, _ = lost
    there = Home(tmp_path / "elsewhere")
    restore(folder, there)
    shop = Shop(there)
    before = there.loads.stat().st_mtime_ns
    assert shop.land(SECOND).sequence == 2
    assert there.loads.stat().st_mtime_ns == before, "something has been written"
    assert shop.land(THIRD).sequence == 3

    loads = tuple(record.load_id for record in read_records(there))
    write_candidate(there, "night3", amount="13.00", load_ids=loads)
    with pytest.raises(RefusedError, match="on hold since rollback to 1"):
        publish_candidate(there, settings, "night3")
    resume(there, settings, by="li.na", reason="mended")
    assert publish_candidate(there, settings, "night3").id == 4


def test_without_its_keys_a_restored_home_gives_people_new_tokens(
    lived: Home, settings: Settings, tmp_path: Path
) -> None:
    held = facts(lived)
    made = back_up(lived, settings, tmp_path / "backups", with_keys=False)
    assert not made.has_keys
    assert not (made.folder / "home" / "keys").exists()
    there = Home(tmp_path / "elsewhere")
    assert not restore(made.folder, there).has_keys
    with pytest.raises(EnvironmentFaultError, match="new ones would give every person a second token"):
        Shop(there).land(THIRD)
    shutil.copytree(lived.keys, there.keys)
    assert facts(there) == held


def said(*words: str | Path) -> str:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False).output


def test_the_commands_do_not_say_what_stands_and_what_comes_next(lived: Home, tmp_path: Path) -> None:
    text = said("backup", tmp_path / "backups", "--home", lived.root)
    (folder,) = (tmp_path / "backups").glob("2*")
    assert str(folder) in text
    assert "2 loads, publication 3, with its keys" in text
    with pytest.raises(UsageError, match="is not empty"):
        said("restore", folder, "--home", lived.root)

    text = said("restore", folder, "--home", tmp_path / "there")
    for words in ("publication 3, as of 2026-11-20", "ON HOLD since rollback to 1", "siyu nightly --home"):
        assert words in text
    told = json.loads(
        said("backup", tmp_path / "backups", "--home", tmp_path / "there", "--json", "--without-keys")
    )
    assert (told["loads"], told["publication_id"], told["has_keys"], told["damaged"]) == (2, 3, False, [])
    text = said("restore", told["folder"], "--home", tmp_path / "third")
    assert f"put the keys into {tmp_path / 'third'}/keys" in text


def test_damage_in_a_home_passes_into_its_backup_in_silence(lived: Home, tmp_path: Path) -> None:
    file = next(lived.raw.rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1])
    name = file.relative_to(lived.root)
    done = subprocess.run(
        [SIYU, "backup", tmp_path / "backups", "--home", lived.root],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert f"already damaged in {lived}, and so in this backup: {name}" in done.stderr
    (folder,) = (tmp_path / "backups").glob("2*")
    assert f"damaged before the backup was taken: {name}" in said(
        "restore", folder, "--home", tmp_path / "there"
    )
    with pytest.raises(DamagedFileError, match=str(name)):
        facts(Home(tmp_path / "there"))


@pytest.mark.parametrize("file", ["fct_orders.parquet", "manifest.json"])
def test_a_publication_that_was_damaged_before_the_backup_takes_the_rest_with_it(
    lived: Home, settings: Settings, tmp_path: Path, file: str
) -> None:
    (lived.publications / "000003" / file).write_bytes(b"{")
    made = back_up(lived, settings, tmp_path / "backups")
    assert made.damaged == (f"publications/000003/{file}",)
    restored = restore(made.folder, Home(tmp_path / "there"))
    assert (restored.publication_id, restored.served_id, restored.loads) == (3, None, 2)


MONEY = """
select cast(sum(gmv_amount) as varchar), cast(sum(refund_amount) as varchar)
from marts.kpi_daily where window_days = 1 and channel_code = 'all'
"""
ORDERS = "select order_id from marts.fct_orders order by 1"


def told(home: Home, *words: str | Path) -> dict[str, Any]:
    """Run the command as a person does, with nothing exported; what it says as JSON."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SIYU_", "AIRFLOW"))
    }
    done = subprocess.run(
        [SIYU, *words, "--home", home.root, "--json"],
        env=environment,
        cwd=home.root.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_home_restored_from_a_real_night_cannot_run_the_next_one_or_counts_the_first_twice(
    tmp_path: Path, home: Home, postgres: Database
) -> None:
    mapping, log = write_small_shop(tmp_path)
    night = ("nightly", "--mapping", mapping, "--path", log)
    home.keys.mkdir(mode=0o700, exist_ok=True)
    uri_file(home).touch(mode=0o600)
    uri_file(home).write_text(f"{postgres.publisher_uri}\n", encoding="utf-8")
    assert told(home, *night)["is_new"]
    publications, state = publication_log(home), published_state(home)
    assert [record.id for record in publications] == [1]
    assert postgres_state(home) == state
    made = told(home, "backup", tmp_path / "backups")
    shutil.rmtree(home.root)

    there = Home(tmp_path / "elsewhere" / "home")
    there.root.parent.mkdir()
    restored = told(there, "restore", made["folder"])
    assert (restored["publication_id"], restored["served_id"], restored["damaged"]) == (1, 1, [])
    assert publication_log(there) == publications
    assert published_state(there) == postgres_state(there) == state
    standing = current_publication(there)
    assert standing is not None
    assert read_manifest(standing.folder).content_checksum == publications[0].content_checksum

    (log / "more.csv").write_text(NEXT_LOG, encoding="utf-8")
    assert told(there, *night)["is_new"]
    assert shown_by_target(there) == {"marts.duckdb": 2, "PostgreSQL": 2}
    assert published_state(there) == postgres_state(there) != state
    assert served(there, MONEY) == seen(postgres, MONEY) == [("130.00", REFUNDED)]
    assert served(there, ORDERS) == [(f"A{number}",) for number in range(1, 6)]
    assert [record.id for record in publication_log(there)] == [1, 2]
    assert leftovers(there) == []
    assert not told(there, *night)["is_new"]
