"""F24: a damaged DuckDB file is noticed or the damage lies where nothing is; what is made anew is equal."""

import json
import random
import secrets
import shutil
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from siyu.cli import publication as commands
from siyu.engine import connect
from siyu.errors import DamagedFileError, EnvironmentFaultError, UsageError
from siyu.landing import create_raw_views
from siyu.publication import (
    export_candidate,
    publish_candidate,
    published_state,
    resume,
    rollback,
    status,
    status_text,
)
from siyu.publication.damage import damage, damaged_files
from siyu.publication.manifest import read_manifest
from siyu.recovery import back_up, restore
from siyu.settings import Home, Settings
from siyu.warehouse import Build, build_warehouse, dbt_folder, open_warehouse, read_build
from siyu.warehouse.dbt_runner import run_dbt_build
from siyu.warehouse.records import write_build
from tests.landing.shop import Shop
from tests.publication.small_candidates import NOON, leftovers, write_candidate, write_verdict
from tests.recovery.homes import FIRST
from tests.warehouse.empty_project import EMPTY_PROJECT
from tests.warehouse.test_real_build import land_orders

QUICK, PLACES = 10, 30
PROJECT = {
    **EMPTY_PROJECT,
    # half a megabyte that does not compress, made from what has landed
    "models/sold.sql": """
select orders.order_id || '-' || copies.n as sale, md5(orders.order_id || copies.n) as content
from raw.files__orders as orders
cross join range(6000) as copies (n)
""",
    "models/schema.yml": """
models:
  - name: sold
    config: {access: public, meta: {publish: marts, primary_key: [sale]}}
""",
}
pytestmark = [pytest.mark.guarantee("F24"), pytest.mark.xdist_group("dbt_project")]


def chance_of_today() -> random.Random:
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    return random.Random(seed)


def damage_file(file: Path, chance: random.Random) -> str:
    """Cut a file short, flip one of its bits, or put a log beside it that belongs to another file."""
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content))
    how = chance.choice(["cut", "flip", "flip", "log"])
    if how == "cut":
        file.write_bytes(content[:place])
    elif how == "flip":
        content[place] ^= 1 << chance.randrange(8)
        file.write_bytes(content)
    else:
        file.with_name(f"{file.name}.wal").write_bytes(chance.randbytes(1000))
    return f"{how} at {place}"


def build_small(home: Home, project: Path) -> Build:
    """As `build_warehouse`, with a dbt project of one model."""
    with open_warehouse(home, Settings(), run_id="night1") as warehouse:
        with connect(warehouse) as connection:
            raw = create_raw_views(connection, home)
        run_dbt_build(
            warehouse,
            dbt_folder(home, "night1"),
            Settings(duckdb_threads=1),
            variables={},
            project=project,
        )
        with connect(warehouse) as connection:
            connection.execute("checkpoint")
        build = Build(
            run_id="night1",
            path=warehouse,
            as_of_date=NOON,
            load_ids=raw.load_ids,
            code_revision="c0ffee+dbt.1",
            steps=(),
        )
        write_build(home, build)
    return build


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("places", "rebuilds"), [pytest.param(PLACES, PLACES, marks=pytest.mark.soak)])
def test_f24_a_damaged_warehouse_gives_other_marts(
    home: Home, project: Path, tmp_path: Path, *, places: int, rebuilds: int, figure
) -> None:
    chance = chance_of_today()
    Shop(home).land(FIRST)
    build = build_small(home, project)
    whole = read_manifest(export_candidate(home, build)).content_checksum
    kept = Path(shutil.copyfile(build.path, tmp_path / "kept.duckdb"))
    log = build.path.with_name(f"{build.path.name}.wal")
    noticed = 0
    for number in range(places):
        shutil.copyfile(kept, build.path)
        log.unlink(missing_ok=True)
        how = damage_file(build.path, chance)
        if number == 0:  # one place that cannot be without effect
            build.path.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
        try:
            seen = read_manifest(export_candidate(home, build)).content_checksum
        except EnvironmentFaultError:
            noticed += 1
        else:
            assert seen == whole, how
        if number < rebuilds:
            build = build_small(home, project)
            assert read_manifest(export_candidate(home, build)).content_checksum == whole, how
    assert noticed, "no damage was real"
    assert leftovers(home) == []
    figure("damaged warehouses", places)
    figure("of them noticed, the others without effect", noticed)


def test_f24_a_build_that_lost_its_log_is_taken_for_a_whole_one(home: Home) -> None:
    """Killed before it was done, a build has rows in its log alone, and no record; the next one starts over."""
    with open_warehouse(home, Settings(), run_id="night1") as warehouse:
        log = warehouse.with_name(f"{warehouse.name}.wal")
        connection = duckdb.connect(str(warehouse))
        connection.execute("create table sold as select 1 as sale")
        killed = warehouse.read_bytes()
        assert log.stat().st_size > 0
        connection.close()
        warehouse.write_bytes(killed)
    with pytest.raises(UsageError, match="no finished warehouse"):
        read_build(home, "night1")
    with open_warehouse(home, Settings(), run_id="night1") as warehouse:
        assert not warehouse.exists()
        assert not log.exists()


def two_nights(home: Home, settings: Settings) -> str:
    """Two publications of enough rows to fill blocks; the published state."""
    for number in (1, 2):
        write_candidate(home, f"night{number}", amount=f"{10 + number}.00", orders=2_000)
        publish_candidate(home, settings, f"night{number}")
    return published_state(home)


@pytest.mark.parametrize("places", [QUICK, pytest.param(PLACES, marks=pytest.mark.soak)])
def test_f24_a_damaged_serving_file_goes_unnoticed_or_is_not_made_anew(
    home: Home, settings: Settings, places: int, figure
) -> None:
    chance = chance_of_today()
    state = two_nights(home, settings)
    assert damage(home) == ()
    for _ in range(places):
        how = damage_file(home.marts_file, chance)
        found = status(home)
        assert found.damaged == ("published/marts.duckdb",), how
        assert "DAMAGED published/marts.duckdb: the next publish or night makes it anew" in status_text(found)
        publish_candidate(home, settings, "night2")
        assert damage(home) == (), how
        assert published_state(home) == state, how
        assert status(home).is_complete, how
    figure("damaged marts.duckdb noticed and made anew", places)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"id": 2}', '{"id": "x", "sha256": 1}', None])
def test_f24_a_damaged_current_json_stops_the_next_publication(
    home: Home, settings: Settings, content: str | None
) -> None:
    state = two_nights(home, settings)
    current = home.published / "current.json"
    if content is None:
        current.unlink()
    else:
        current.write_text(content, encoding="utf-8")
    assert status(home).damaged == ("published/marts.duckdb",)
    publish_candidate(home, settings, "night2")
    assert published_state(home) == state
    assert json.loads(current.read_text(encoding="utf-8"))["id"] == 2


def test_f24_a_damaged_serving_file_passes_the_outside_check(home: Home, settings: Settings) -> None:
    two_nights(home, settings)
    app = typer.Typer()
    app.command("status")(commands.status)
    words = ["--home", str(home), "--fresh-within", "26h"]
    assert CliRunner().invoke(app, words).exit_code == 0
    content = bytearray(home.marts_file.read_bytes())
    content[-1] ^= 1
    home.marts_file.write_bytes(content)
    assert CliRunner().invoke(app, words).exit_code == 1


@pytest.mark.parametrize("marts_too", [False, True])
def test_f24_a_damaged_publication_is_not_named_or_there_is_no_way_on(
    home: Home, settings: Settings, marts_too: bool
) -> None:
    state = two_nights(home, settings)
    file = home.publications / "000002" / "fct_orders.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    named = ["publications/000002/fct_orders.parquet"]
    if marts_too:
        home.marts_file.write_bytes(b"no database")
        named.append("published/marts.duckdb")
    assert status(home).damaged == tuple(named)
    with pytest.raises(DamagedFileError, match=r"000002/fct_orders\.parquet"):
        rollback(home, settings, 2, by="li.na", reason="test")

    # the same night again gives the same content, which must not be taken for what stands
    write_candidate(home, "night3", amount="12.00", orders=2_000)
    made = publish_candidate(home, settings, "night3")
    assert (made.id, made.is_new) == (3, True)
    assert published_state(home) == state
    assert damage(home) == ()
    assert damage(home, everywhere=True) == ("publications/000002/fct_orders.parquet",)
    rollback(home, settings, 1, by="li.na", reason="test")
    assert status(home).is_complete


def test_f24_with_publication_and_serving_file_damaged_nobody_can_roll_back(
    home: Home, settings: Settings
) -> None:
    two_nights(home, settings)
    (home.publications / "000002" / "kpi_daily.parquet").unlink()
    home.marts_file.unlink()
    assert damaged_files(home.publications / "000002") == ["kpi_daily.parquet"]
    made = rollback(home, settings, 1, by="li.na", reason="the disk")
    assert (made.id, made.restores) == (3, 1)
    assert status(home).is_complete
    resume(home, settings, by="li.na", reason="test")


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_f24_the_real_warehouse_damaged_and_the_real_home_lost(
    home: Home, settings: Settings, tmp_path: Path
) -> None:
    land_orders(home)
    build = build_warehouse(home, settings, run_id="night1")
    write_verdict(export_candidate(home, build))
    whole = read_manifest(home.candidates / "night1")
    publish_candidate(home, settings, "night1")
    state = published_state(home)
    made = back_up(home, settings, tmp_path / "backups")

    damage_file(build.path, chance_of_today())
    again = build_warehouse(home, settings, run_id="night1")
    assert read_manifest(export_candidate(home, again)).content_checksum == whole.content_checksum

    shutil.rmtree(home.root)
    there = Home(tmp_path / "there")
    restore(made.folder, there)
    assert published_state(there) == state
    land_orders(there)
    assert len(list(there.loads.iterdir())) == 1
    rebuilt = build_warehouse(there, settings, run_id="night2")
    write_verdict(export_candidate(there, rebuilt))
    stands = publish_candidate(there, settings, "night2")
    assert (stands.id, stands.is_new) == (1, False)
    assert damage(there) == ()
