"""A backup is a picture of one moment, cheap to repeat, and never half of one."""

import os
import re
from pathlib import Path

import pytest

from siyu.clock import utc_now
from siyu.errors import DamagedFileError, LockedError, UsageError
from siyu.landing import compact, create_raw_views, expire_quarantine, read_records
from siyu.publication import maintain, publish_candidate
from siyu.publication.manifest import check_files, read_manifest
from siyu.publication.records import present_publications
from siyu.recovery import back_up, read_backup, restore
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.state.locks import hold
from siyu.storage import sha256_of
from tests.landing.shop import File, Shop, order
from tests.publication import processes
from tests.publication.small_candidates import write_candidate
from tests.recovery.homes import THIRD, facts, modes

ROUNDS = 3


def inodes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_ino for path in folder.rglob("*") if path.is_file()}


def test_a_second_backup_copies_what_has_not_changed(lived: Home, settings: Settings, tmp_path: Path) -> None:
    first = back_up(lived, settings, tmp_path / "backups")
    assert first.new_files == first.files
    Shop(lived).land(THIRD)
    second = back_up(lived, settings, tmp_path / "backups")
    before, after = inodes(first.folder / "home"), inodes(second.folder / "home")
    new = {name for name in after if after[name] != before.get(name)}
    assert len(new) == second.new_files == 3, "a raw file, its sealed values and its record"
    assert set(before) < set(after)


def test_a_backup_shares_bytes_with_the_home_it_is_to_outlive(
    lived: Home, settings: Settings, tmp_path: Path
) -> None:
    made = back_up(lived, settings, tmp_path / "backups")
    assert not set(inodes(made.folder).values()) & set(inodes(lived.root).values())
    assert modes(made.folder) == {"d700", "f600"}
    assert not any(lived.staging.iterdir())


def test_a_backup_leaves_out_or_adds_something(lived: Home, settings: Settings, tmp_path: Path) -> None:
    (lived.raw / "files" / ".half.parquet.tmp").write_bytes(b"half")
    lived.channels_file.write_text("{}", encoding="utf-8")
    made = back_up(lived, settings, tmp_path / "backups")
    names = set(read_backup(made.folder).files)
    expected = {
        str(path.relative_to(lived.root))
        for room in ("raw", "quarantine", "vault", "keys", "publications")
        for path in (lived.root / room).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    expected |= {
        "siyu.yml",
        "channels.yml",
        "version",
        "state/state.db",
        "state/published_from.json",
        "runs/night1/steps.jsonl",
    }
    assert names == expected
    assert names == set(inodes(made.folder / "home"))


def test_a_damaged_backup_lends_its_damage_to_the_next(
    lived: Home, settings: Settings, tmp_path: Path
) -> None:
    first = back_up(lived, settings, tmp_path / "backups")
    for name in read_backup(first.folder).files:
        file = first.folder / "home" / name
        content = file.read_bytes()
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    second = back_up(lived, settings, tmp_path / "backups")
    assert second.new_files == second.files
    restore(second.folder, Home(tmp_path / "there"))
    assert facts(Home(tmp_path / "there")) == facts(lived)


def test_a_key_that_is_a_link_to_a_mounted_secret_is_lost(
    lived: Home, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("postgresql://publisher@host/marts\n", encoding="utf-8")
    (lived.keys / "postgres_serving").symlink_to(tmp_path / "secret")
    made = back_up(lived, settings, tmp_path / "backups")
    copy = made.folder / "home" / "keys" / "postgres_serving"
    assert not copy.is_symlink()
    assert copy.read_text(encoding="utf-8") == "postgresql://publisher@host/marts\n"


def test_a_backup_into_the_home_grows_for_ever(lived: Home, settings: Settings) -> None:
    with pytest.raises(UsageError, match="lies inside the home"):
        back_up(lived, settings, lived.root / "backups")
    assert not (lived.root / "backups").exists()


def test_two_backups_into_one_folder_mix(lived: Home, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    with (
        hold(target / "backup.lock", run_id="backup", wait_seconds=0),
        pytest.raises(LockedError, match=rf"backup\.lock is held by process {os.getpid()}"),
    ):
        back_up(lived, Settings(lock_wait_seconds=0), target)
    assert [path.name for path in target.iterdir()] == ["backup.lock"]


@pytest.mark.parametrize("lock", ["publish.lock", "landing.lock", "keys.lock"])
def test_a_backup_looks_past_a_writer_at_work(lived: Home, tmp_path: Path, lock: str) -> None:
    with (
        hold(lived.state / lock, run_id="night7", wait_seconds=0),
        pytest.raises(LockedError, match=rf"{re.escape(lock)} is held by process {os.getpid()} \(run night7"),
    ):
        back_up(lived, Settings(lock_wait_seconds=0), tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["backup.lock"]


def test_a_state_database_that_cannot_be_read_is_backed_up(
    lived: Home, settings: Settings, tmp_path: Path
) -> None:
    (lived.state / "state.db").write_bytes(b"no database, whatever SQLite expects" * 300)
    with pytest.raises(DamagedFileError, match=r"state\.db cannot be read"):
        back_up(lived, settings, tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["backup.lock"]


def keep_landing(root: Path, stop: Path) -> None:
    """Land, merge and expire without a pause until told to stop."""
    shop, number = Shop(Home(root)), 0
    while not stop.exists():
        number += 1
        shop.land(File(name=f"{number}.csv", rows=[order(f"n{number}")], bad=[{"text": "?"}]))
        if number % 3 == 0:
            compact(shop.home, Settings(compact_files=2))
            expire_quarantine(shop.home, Settings(keep_quarantine_days=0), now=utc_now())


def keep_publishing(root: Path, stop: Path) -> None:
    """Publish what has landed, note it, and keep two publications, without a pause until told to stop."""
    home, number = Home(root), 0
    while not stop.exists():
        number += 1
        loads = tuple(record.load_id for record in read_records(home))
        write_candidate(home, f"loop{number}", amount=f"{number}.00", load_ids=loads)
        publish_candidate(home, Settings(), f"loop{number}")
        audit_log.record(home, by="li.na", reason="test", action="look", details={"number": number})
        maintain(home, Settings(keep_publications=2, reader_grace_hours=0), now=utc_now())


@pytest.mark.guarantee("F8")
def test_f8_a_backup_amid_landings_merges_and_nights_holds_a_record_without_its_file(
    home: Home, settings: Settings, tmp_path: Path, figure
) -> None:
    stop = tmp_path / "stop"
    workers = [processes.start(action, home.root, stop) for action in (keep_landing, keep_publishing)]
    made = []
    try:
        # until something has been landed and published meanwhile
        while (
            len(made) < ROUNDS
            or not all(backup.publication_id for backup in made[-ROUNDS:])
            or len({backup.loads for backup in made}) == 1
        ):
            made.append(back_up(home, settings, tmp_path / "backups"))
            assert all(worker.is_alive() for worker in workers)
    finally:
        stop.touch()
        for worker in workers:
            worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    for number, backup in enumerate(made):
        assert backup.damaged == ()
        there = Home(tmp_path / f"there{number}")
        restore(backup.folder, there)
        look_whole(there)
    figure("backups taken while landing and publishing", len(made))
    figure("longest lock held by a backup, s", max(backup.locked_seconds for backup in made))


def look_whole(home: Home) -> None:
    """Every record has its files, every publication its loads, every sealed reference its vault."""
    import duckdb

    with duckdb.connect() as connection:
        create_raw_views(connection, home)
    records = read_records(home)
    for record in records:
        for stored in record.files:
            if stored.file.startswith(("quarantine/", "vault/")):
                assert sha256_of(home.root / stored.file) == stored.sha256, stored.file
    landed = {record.load_id for record in records}
    for publication in present_publications(home):
        assert set(publication.load_ids) <= landed
        check_files(publication.folder, read_manifest(publication.folder))
