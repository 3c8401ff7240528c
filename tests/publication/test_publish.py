"""Publishing: what readers see changes as a whole, once, and only after a passed audit."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from siyu.errors import EnvironmentFaultError, LockedError, RefusedError, UsageError
from siyu.publication import (
    current_publication,
    publication_log,
    publish_candidate,
    published_state,
    rollback,
    run_log,
    served_id,
    status,
)
from siyu.publication.damage import last_whole
from siyu.settings import Home, Settings
from siyu.state.locks import hold
from siyu.storage import read_json, sha256_of, write_json
from tests.publication import processes
from tests.publication.small_candidates import (
    NOON,
    bytes_of,
    leftovers,
    served,
    served_restricted,
    write_candidate,
    write_verdict,
)

PAID = "select sum(paid_amount) from marts.fct_orders"


def test_first_publication_lacks_tables_keys_or_comments(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publication = publish_candidate(home, settings, "night1")

    assert (publication.id, publication.is_new, publication.as_of_date) == (1, True, NOON)
    assert publication.rows == {"fct_orders": 3, "kpi_daily": 1}
    assert served(home, PAID) == [(Decimal("30.00"),)]
    assert served(home, "select order_key from marts.fct_orders order by 1") == [
        ("shop|0",),
        ("shop|1",),
        ("shop|2",),
    ]
    assert served(
        home,
        "select table_name, column_name from duckdb_columns() where not is_nullable"
        " and table_name in ('fct_orders', 'kpi_daily') order by all",
    ) == [("fct_orders", "order_key"), ("kpi_daily", "brand_code"), ("kpi_daily", "business_date")]
    assert served(
        home,
        "select table_name, constraint_column_names from duckdb_constraints()"
        " where constraint_type = 'PRIMARY KEY' order by 1",
    ) == [("publish_log", ["publication_id"]), ("run_log", ["run_id", "step_number"])]
    assert served(home, "select table_name, comment from duckdb_tables() order by 1") == [
        ("fct_orders", "One row per order. 每笔订单一行。"),
        ("kpi_daily", "One row per day; it's a day's net. 每天一行。"),
        ("publish_log", "One row per publication. 每次发布一行。"),
        ("run_log", run_log.DESCRIPTION),
    ]
    assert served(
        home,
        "select count(*) from duckdb_columns() where comment is null and database_name = 'marts' and not internal",
    ) == [(0,)]


def test_what_named_people_read_is_for_everybody_or_lost(home: Home, settings: Settings) -> None:
    crosswalk = "select count(*), min(member_id) from restricted.crosswalk"
    write_candidate(home, "night1", amount="10")
    publish_candidate(home, settings, "night1")
    assert served_restricted(home, crosswalk) == [(7, "m010")]
    assert served_restricted(home, "select max(publication_id) from restricted.publish_log") == [(1,)]
    assert home.restricted_file.stat().st_mode & 0o077 == 0
    in_marts = served(home, "select table_name from duckdb_tables()")
    assert sorted(in_marts) == [("fct_orders",), ("kpi_daily",), ("publish_log",), ("run_log",)]

    write_candidate(home, "night2", amount="11", has_restricted=False)
    publish_candidate(home, settings, "night2")
    assert not home.restricted_file.exists()
    assert publish_candidate(home, settings, "night2").is_new is False  # and nothing is amiss

    rollback(home, settings, 1, by="li.na", reason="wrong price list")
    assert served_restricted(home, crosswalk) == [(7, "m010")]
    assert served_restricted(home, "select max(publication_id) from restricted.publish_log") == [(3,)]


def test_a_changed_restricted_file_is_not_noticed_or_stays(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    with duckdb.connect(str(home.restricted_file)) as connection:
        connection.execute("update crosswalk set member_id = 'somebody else'")
    assert status(home).damaged == ("published/restricted.duckdb",)
    write_candidate(home, "night1")  # the same again: publishing mends what is served
    assert publish_candidate(home, settings, "night1").id == 1
    assert status(home).damaged == ()
    assert served_restricted(home, "from restricted.crosswalk where member_id = 'somebody else'") == []


def test_members_are_compared_with_a_publication_that_is_damaged_or_lacks_a_table(
    home: Home, settings: Settings
) -> None:
    assert last_whole(home, ["crosswalk"]) is None
    for number in (1, 2, 3):
        write_candidate(home, f"night{number}", amount=str(number), load_ids=(f"load{number}",))
        publish_candidate(home, settings, f"night{number}")

    def found() -> tuple[str, tuple[str, ...]]:
        folder, manifest = last_whole(home, ["crosswalk"]) or (home.root, None)
        return folder.name, manifest.load_ids if manifest else ()

    assert found() == ("000003", ("load3",))
    (home.publications / "000003" / "fct_orders.parquet").write_bytes(b"not asked for")
    assert found() == ("000003", ("load3",))
    (home.publications / "000003" / "crosswalk.parquet").write_bytes(b"damaged")
    assert found() == ("000002", ("load2",))
    (home.publications / "000002" / "manifest.json").write_text("{", encoding="utf-8")
    assert found() == ("000001", ("load1",))
    assert last_whole(home, ["crosswalk", "member_id_redirects"]) is None


def test_publication_folder_lacks_what_was_audited(home: Home, settings: Settings) -> None:
    candidate = write_candidate(home, "night1")
    audited = {Path(name).name: digest for name, digest in bytes_of(candidate).items()}
    publication = publish_candidate(home, settings, "night1")

    kept = {Path(name).name: digest for name, digest in bytes_of(home.publications / "000001").items()}
    assert {name: kept[name] for name in audited} == audited
    assert not candidate.exists()
    record = read_json(home.publications / "000001" / "publication.json")
    assert record == {
        "id": 1,
        "run_id": "night1",
        "as_of_date": "2026-11-20",
        "published_at": publication.published_at.isoformat(),
        "restores": None,
        "content_checksum": read_json(home.publications / "000001" / "manifest.json")["content_checksum"],
    }
    assert read_json(home.published / "current.json") == {
        "id": 1,
        "sha256": sha256_of(home.marts_file),
        "restricted_sha256": sha256_of(home.restricted_file),
    }
    assert leftovers(home) == []


def test_publish_log_loses_a_publication(home: Home, settings: Settings) -> None:
    for number, amount in enumerate(["10.00", "11.00", "12.00"], start=1):
        write_candidate(home, f"night{number}", amount=amount, as_of=date(2026, 11, 17 + number))
        publish_candidate(home, settings, f"night{number}")
    assert served(
        home, "select publication_id, run_id, as_of_date, restores from marts.publish_log order by 1"
    ) == [
        (1, "night1", date(2026, 11, 18), None),
        (2, "night2", date(2026, 11, 19), None),
        (3, "night3", date(2026, 11, 20), None),
    ]


def test_same_run_published_twice_makes_two_publications(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    first = publish_candidate(home, settings, "night1")
    before = bytes_of(home.publications, home.published)
    again = publish_candidate(home, settings, "night1")
    assert (again.id, again.is_new) == (first.id, False)
    assert bytes_of(home.publications, home.published) == before


def test_same_run_exported_and_published_again_makes_two_publications(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    write_candidate(home, "night2", amount="11.00")
    publish_candidate(home, settings, "night2")
    before = bytes_of(home.publications, home.published)
    write_candidate(home, "night1")
    again = publish_candidate(home, settings, "night1")
    assert (again.id, again.is_new) == (1, False)
    assert bytes_of(home.publications, home.published) == before
    assert not (home.candidates / "night1").exists()


def test_same_run_built_again_from_more_is_never_published(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    write_candidate(home, "night1", amount="11.00", load_ids=("load1", "load2"))
    again = publish_candidate(home, settings, "night1")
    assert (again.id, again.is_new) == (2, True)
    assert served(home, PAID) == [(Decimal("33.00"),)]


def test_unchanged_content_makes_a_publication_every_night(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    before = bytes_of(home.publications, home.published)
    write_candidate(home, "night2")
    same = publish_candidate(home, settings, "night2")
    assert (same.id, same.is_new, same.run_id) == (1, False, "night1")
    assert bytes_of(home.publications, home.published) == before
    assert list(home.candidates.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [{"as_of": date(2026, 11, 21)}, {"load_ids": ("load1", "load2")}, {"amount": "10.01"}, {"orders": 4}],
    ids=lambda change: next(iter(change)),
)
def test_a_difference_is_taken_for_nothing_new(
    home: Home, settings: Settings, change: dict[str, object]
) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    write_candidate(home, "night2", **change)  # type: ignore[arg-type]
    assert publish_candidate(home, settings, "night2").id == 2


# --- refusals -----------------------------------------------------------------------------------


def _not_audited(folder: Path) -> None:
    (folder / "verdict.json").unlink()


def _failed(folder: Path) -> None:
    write_verdict(folder, passed=False)


def _says_true_in_words(folder: Path) -> None:
    write_verdict(folder, passed="true")


def _torn_verdict(folder: Path) -> None:
    (folder / "verdict.json").write_text('{"passed": tr')


def _verdict_without_manifest(folder: Path) -> None:
    write_json(folder / "verdict.json", {"passed": True})


def _manifest_changed_since(folder: Path) -> None:
    write_json(folder / "manifest.json", read_json(folder / "manifest.json") | {"as_of_date": "2026-11-21"})


def _manifest_gone(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _rows_changed_since(folder: Path) -> None:
    file = folder / "fct_orders.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _file_gone(folder: Path) -> None:
    (folder / "kpi_daily.parquet").unlink()


@pytest.mark.parametrize(
    "spoil",
    [
        _not_audited,
        _failed,
        _says_true_in_words,
        _torn_verdict,
        _verdict_without_manifest,
        _manifest_changed_since,
        _manifest_gone,
        _rows_changed_since,
        _file_gone,
    ],
)
def test_f1_a_candidate_without_a_good_verdict_goes_live(
    home: Home, settings: Settings, spoil: object
) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    before = bytes_of(home.publications, home.published)
    spoil(write_candidate(home, "night2", amount="11.00"))  # type: ignore[operator]
    with pytest.raises(RefusedError, match="night2"):
        publish_candidate(home, settings, "night2")
    assert bytes_of(home.publications, home.published) == before
    assert leftovers(home) == []


@pytest.mark.parametrize("name", ["../night2/fct_orders.parquet", "/etc/passwd", "link.parquet"])
def test_f39_a_manifest_leads_out_of_its_folder(home: Home, settings: Settings, name: str) -> None:
    folder = write_candidate(home, "night1")
    (folder / "link.parquet").symlink_to("/etc/passwd")
    manifest = read_json(folder / "manifest.json")
    manifest["models"]["fct_orders"]["file"] = name
    write_json(folder / "manifest.json", manifest)
    write_verdict(folder)
    with pytest.raises(UsageError, match="leads out of"):
        publish_candidate(home, settings, "night1")
    assert not home.publications.exists() or not any(home.publications.iterdir())


def test_an_unknown_run_is_published(home: Home, settings: Settings) -> None:
    with pytest.raises(UsageError, match="has no candidate"):
        publish_candidate(home, settings, "night1")


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "../publications/000001", ".hidden", "a\nb", "x" * 201])
def test_f39_a_run_id_leads_out_of_its_folder(home: Home, settings: Settings, run_id: str) -> None:
    with pytest.raises(UsageError, match="run id"):
        publish_candidate(home, settings, run_id)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda rows: rows.union(rows), "gave"),
        (
            lambda rows: rows.select("nullif(order_key, 'shop|1') as order_key, * exclude (order_key)"),
            r"leaves its primary key \(order_key\) empty",
        ),
    ],
    ids=["rows twice", "no key"],
)
def test_an_audited_file_that_cannot_be_served_is_published_all_the_same(
    home: Home,
    settings: Settings,
    spoil: Callable[[duckdb.DuckDBPyRelation], duckdb.DuckDBPyRelation],
    told: str,
) -> None:
    folder = write_candidate(home, "night1")
    file = folder / "fct_orders.parquet"
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(file))
        spoil(rows).write_parquet(str(folder / "spoilt.parquet"))
    (folder / "spoilt.parquet").rename(file)
    manifest = read_json(folder / "manifest.json")
    manifest["models"]["fct_orders"]["sha256"] = sha256_of(file)
    write_json(folder / "manifest.json", manifest)
    write_verdict(folder)
    with pytest.raises(EnvironmentFaultError, match=told) as refusal:
        publish_candidate(home, settings, "night1")
    assert "shop|" not in str(refusal.value)
    assert current_publication(home) is None
    assert folder.exists()


# --- readers, other publishers, kills ------------------------------------------------------------

HOLD_OPEN = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print(connection.execute("select sum(paid_amount) from marts.fct_orders").fetchone()[0], flush=True)
sys.stdin.readline()
print(connection.execute("select sum(paid_amount) from marts.fct_orders").fetchone()[0], flush=True)
"""


def test_a_reader_in_mid_session_sees_half_a_night(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    write_candidate(home, "night2", amount="11.00")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(home.marts_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdin is not None
        assert reader.stdout.readline() == "30.00\n"
        publish_candidate(home, settings, "night2")
        assert served(home, PAID) == [(Decimal("33.00"),)]
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "30.00\n"


def test_a_reader_in_our_own_process_hides_what_is_served(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    with duckdb.connect(str(home.marts_file), read_only=True) as reader:
        write_candidate(home, "night2", amount="11.00")
        publish_candidate(home, settings, "night2")
        assert served_id(home) == 2
        assert reader.execute(PAID).fetchone() == (Decimal("30.00"),)


def test_published_state_overlooks_a_changed_cell(home: Home, settings: Settings) -> None:
    assert published_state(home) == ""
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    state = published_state(home)
    with duckdb.connect(str(home.marts_file)) as connection:
        connection.execute("update marts.kpi_daily set net_amount = net_amount + 0.01")
    assert published_state(home) != state
    with duckdb.connect(str(home.marts_file)) as connection:
        connection.execute("update marts.kpi_daily set net_amount = net_amount - 0.01")
    assert published_state(home) == state


def test_a_publisher_goes_on_while_another_holds_the_lock(home: Home) -> None:
    write_candidate(home, "night1")
    impatient = Settings(lock_wait_seconds=0)
    with (
        hold(home.state / "publish.lock", run_id="night0", wait_seconds=0),
        pytest.raises(LockedError, match=rf"process {os.getpid()} \(run night0, since 20"),
    ):
        publish_candidate(home, impatient, "night1")
    assert publish_candidate(home, impatient, "night1").id == 1


def test_f8_two_publishers_at_once_lose_or_double_a_publication(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1", amount="10.00")
    write_candidate(home, "night2", amount="11.00")
    started = [
        processes.start(processes.publish, home.root, run_id)
        for run_id in ("night1", "night2", "night1", "night2")
    ]
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0, 0]
    log = publication_log(home)
    assert [record.id for record in log] == [1, 2]
    assert {record.run_id for record in log} == {"night1", "night2"}
    expected = {"night1": Decimal("30.00"), "night2": Decimal("33.00")}[log[-1].run_id]
    assert served(home, PAID) == [(expected,)]
    assert served_id(home) == 2
    assert publish_candidate(home, settings, "night1").is_new is False


def test_f5_a_kill_while_publishing_shows_a_third_state_or_needs_a_hand(
    home: Home, settings: Settings, tmp_path: Path
) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    old = published_state(home)
    restricted_publication = "select max(publication_id) from restricted.publish_log"
    write_candidate(home, "night2", amount="11.00", load_ids=("load1", "load2"))

    undisturbed = Home(shutil.copytree(home.root, tmp_path / "undisturbed"))
    publish_candidate(undisturbed, settings, "night2")
    new = published_state(undisturbed)
    assert old != new

    def prepare(change: int) -> tuple[Path, tuple[str]]:
        return Path(shutil.copytree(home.root, tmp_path / f"killed{change}")), ("night2",)

    killed = processes.every_kill_point(processes.publish, prepare)
    assert len(killed) >= 9
    seen = set()
    for root in killed:
        disturbed = Home(root)
        state = published_state(disturbed)
        assert state in {old, new}, root.name
        seen.add(state)
        assert served_restricted(disturbed, restricted_publication)[0][0] in {1, 2}, root.name
        publication = publish_candidate(disturbed, settings, "night2")
        assert publication.id == 2, root.name
        assert published_state(disturbed) == new, root.name
        assert served_restricted(disturbed, restricted_publication) == [(2,)], root.name
        assert [record.id for record in publication_log(disturbed)] == [1, 2], root.name
        assert _without_times(disturbed) == _without_times(undisturbed), root.name
        assert leftovers(disturbed) == [], root.name
    assert seen == {old, new}


def _without_times(home: Home) -> dict[str, object]:
    """Names of all files, and the bytes of those in which no moment of publishing is written."""
    timed = {
        "publication.json",
        "marts.duckdb",
        "restricted.duckdb",
        "current.json",
        "publish.lock",
        "state.db",
    }
    return {
        str(Path(name).relative_to(home.root)): "" if Path(name).name in timed else digest
        for name, digest in bytes_of(home.root).items()
    }


def test_f5_a_half_written_serving_file_stops_the_next_night(home: Home, settings: Settings) -> None:
    home.published.mkdir()
    (home.published / ".marts.duckdb.tmp").write_bytes(b"half a file")
    (home.published / ".marts.duckdb.tmp.wal").write_bytes(b"half a log")
    home.publications.mkdir()
    (home.publications / ".restore-000001.tmp").mkdir()
    write_candidate(home, "night1")
    assert publish_candidate(home, settings, "night1").id == 1
    assert leftovers(home) == []


def test_too_little_memory_for_the_serving_file_changes_nothing(home: Home, settings: Settings) -> None:
    write_candidate(home, "night1")
    publish_candidate(home, settings, "night1")
    before = bytes_of(home.publications, home.published)
    write_candidate(home, "night2", amount="11.00", orders=300_000)
    starved = Settings(duckdb_memory_limit="1MB")
    with pytest.raises(EnvironmentFaultError, match=r"marts\.duckdb\.tmp could not be written"):
        publish_candidate(home, starved, "night2")
    assert bytes_of(home.publications, home.published) == before
    assert publish_candidate(home, settings, "night2").id == 2
