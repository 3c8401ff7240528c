"""The real dbt project over raw: nothing landed; a few orders, all the way to what readers see; who is who."""

import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest
from typer.testing import CliRunner

from siyu.channels.catalogue import declared
from siyu.cli.main import app
from siyu.errors import RefusedError, UsageError
from siyu.landing import Batch, Source, land
from siyu.publication import export_candidate, publish_candidate, published_state, status
from siyu.publication.manifest import read_manifest
from siyu.resources import DUCKDB_TYPES, ORDERS
from siyu.settings import Home, Settings
from siyu.storage import make_folder
from siyu.warehouse import build_warehouse, explain_member, read_build, show_sources
from tests.gate.worlds import World
from tests.models.building import source_tables
from tests.postgres import Database
from tests.publication.postgres.tables import configure
from tests.publication.small_candidates import leftovers, served, served_restricted, write_verdict
from tests.warehouse.empty_project import EMPTY_PROJECT


def land_orders(home: Home) -> None:
    """Three orders of one shop: two paid on 19 and 20 November in Shanghai, one never paid."""
    columns = ", ".join(f"{field.name} {DUCKDB_TYPES[field.type]}" for field in ORDERS.fields)
    with duckdb.connect() as connection:
        brand, channel = (first_code(name) for name in ("brands", "channels"))
        connection.execute(f"create table records ({columns}, _source_row bigint, _exclusion varchar)")
        connection.execute(
            "create table rejects (_source_row bigint, reason varchar, column_name varchar, row_text varchar)"
        )
        for row, (order_id, paid_at, amount) in enumerate(
            [
                ("o1", "2026-11-19 15:59:59", "10.00"),
                ("o2", "2026-11-19 16:00:00", "20.50"),
                ("o3", None, "7.00"),
            ],
            start=1,
        ):
            connection.execute(
                "insert into records (brand_code, channel_code, order_id, customer_id, ordered_at, paid_at,"
                " paid_amount, currency_code, _source_row)"
                " values (?, ?, ?, 'c1', timestamp '2026-11-19 15:00:00', ?, ?, 'CNY', ?)",
                [brand, channel, order_id, paid_at, amount, row],
            )
        source = Source(
            channel="files",
            name="orders.csv",
            sha256="a" * 64,
            bytes=100,
            mapping="shop",
            mapping_sha256="b" * 64,
        )
        batch = Batch(resource=ORDERS, records="records", rejects="rejects", rows_read=3, rows_elsewhere=0)
        land(connection, home, Settings(), source, [batch])


def first_code(seed: str) -> str:
    """The first code of a seed: any known brand or channel will do."""
    from siyu.settings import PROJECT

    return (
        (PROJECT / "dbt_project" / "seeds" / f"{seed}.csv")
        .read_text(encoding="utf-8")
        .splitlines()[1]
        .split(",")[0]
    )


# one night for several tests, so one worker
ONE_NIGHT = pytest.mark.xdist_group("night_of_three_orders")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """A home with three orders and a phone of two channels' customers, built, exported and published."""
    home = Home(tmp_path_factory.mktemp("night") / "home").create()
    land_orders(home)
    who = World()
    for customer, channel in (("a", "tmall_shop"), ("b", "tmall_shop"), ("c", "mini_program")):
        who.customer(customer, channel=channel, enrolled=date(2024, 1, 1), phone="13912345678")
    who.land(home, Settings(duckdb_threads=1))
    build_warehouse(home, Settings(duckdb_threads=1), run_id="night1")
    folder = export_candidate(home, read_build(home, "night1"))
    write_verdict(folder)
    publication = publish_candidate(home, Settings(), "night1")
    return home, publication.folder


def test_a_home_without_orders_has_an_as_of_date(home: Home, settings: Settings) -> None:
    with pytest.raises(UsageError, match="no order has landed yet"):
        build_warehouse(home, settings, run_id="night1")


def test_what_landed_and_no_model_reads_is_published_as_nothing(home: Home, tmp_path: Path) -> None:
    land_orders(home)
    for name, text in EMPTY_PROJECT.items():
        make_folder(tmp_path / "shop")
        (tmp_path / "shop" / name).write_text(text, encoding="utf-8")
    with pytest.raises(RefusedError, match="no model reads files__orders, which landed"):
        build_warehouse(home, Settings(), run_id="night1", project=tmp_path / "shop")


def test_a_source_of_dbt_is_in_no_warehouse_before_the_build(home: Home) -> None:
    with duckdb.connect() as connection:
        show_sources(connection, home, declared=declared())
        found = connection.execute(
            "select table_name, list(column_name) from duckdb_columns() where schema_name = 'raw' group by 1"
        ).fetchall()
    columns = {name: set(names) for name, names in found}
    assert {name: columns.get(name) for name in source_tables()} == {
        name: set(types) for name, types in source_tables().items()
    }


@pytest.mark.soak  # the models' own tests build over nothing as well
def test_the_project_does_not_build_over_empty_raw_views(home: Home, settings: Settings) -> None:
    build = build_warehouse(home, settings, run_id="night1", as_of=date(2026, 11, 20))
    assert build == read_build(home, "night1")
    assert {step.status for step in build.steps} <= {"success", "pass", "warn", "no-op"}
    assert {"model", "test", "seed"} <= {step.kind for step in build.steps}
    assert [file.name for file in home.warehouses.iterdir()] == ["night1.duckdb"]
    with duckdb.connect(str(build.path), read_only=True) as connection:
        assert connection.execute("select count(*) from core.fct_orders").fetchone() == (0,)
    manifest = read_manifest(export_candidate(home, build))
    assert manifest.models["fct_orders"].rows == 0


@ONE_NIGHT
def test_three_orders_do_not_arrive_at_the_reader(night: tuple[Home, Path]) -> None:
    home, folder = night
    manifest = read_manifest(folder)
    # the newest order was paid at midnight in Shanghai, which is still the day before in UTC
    assert manifest.as_of_date == date(2026, 11, 20)
    assert served(
        home, "select order_id, paid_amount, is_paid, paid_date from marts.fct_orders order by 1"
    ) == [
        ("o1", Decimal("10.00"), True, date(2026, 11, 19)),
        ("o2", Decimal("20.50"), True, date(2026, 11, 20)),
        ("o3", Decimal("7.00"), False, None),
    ]
    assert leftovers(home) == []


@ONE_NIGHT
def test_a_published_table_lacks_its_key_or_a_description(night: tuple[Home, Path]) -> None:
    home, folder = night
    manifest = read_manifest(folder)
    models = manifest.models
    assert {"fct_orders", "dim_members", "kpi_daily", "member_rfm"} <= set(models)
    assert "dim_member_identifiers" in manifest.restricted
    for name, table in manifest.tables.items():
        assert table.description, name
        assert [column.name for column in table.schema if not column.description] == [], name
    keys = served(home, "select table_name, column_name from duckdb_columns() where not is_nullable")
    assert set(keys) >= {(name, column) for name, table in models.items() for column in table.primary_key}
    with duckdb.connect(str(home.marts_file), read_only=True) as connection:
        for name, table in models.items():
            keys_found = connection.table(name).select(*table.primary_key)
            assert len(keys_found) == len(keys_found.distinct()), name


IN_A_FILE = """
select table_name from duckdb_tables() where coalesce(comment, '') = ''
union all
select view_name from duckdb_views() where coalesce(comment, '') = '' and not internal
union all
select table_name || '.' || column_name from duckdb_columns() where coalesce(comment, '') = '' and not internal
"""
IN_POSTGRES = """
with

published as (

    select oid, oid::regclass::text as name from pg_class
    where relnamespace in ('marts'::regnamespace, 'restricted'::regnamespace) and relkind in ('r', 'p', 'v', 'm', 'f')

),

described as (

    select name, obj_description(oid, 'pg_class') as words from published
    union all
    select published.name || '.' || columns.attname, col_description(published.oid, columns.attnum)
    from published
    join pg_attribute as columns on columns.attrelid = published.oid
    where columns.attnum > 0 and not columns.attisdropped

)

select name from described where coalesce(words, '') = '' or {also}
"""


@ONE_NIGHT
def test_something_published_has_no_comment(
    night: tuple[Home, Path], tmp_path: Path, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = night
    assert served(home, IN_A_FILE) == []
    assert served_restricted(home, IN_A_FILE) == []

    # PostgreSQL came later: the next publisher shows there what stands
    there = Home(Path(shutil.copytree(home.root, tmp_path / "home")))
    configure(monkeypatch, postgres)
    publish_candidate(there, Settings(), "night1")
    assert status(there).targets == {"marts.duckdb": 1, "PostgreSQL": 1}
    with psycopg.connect(postgres.admin_uri) as admin:
        assert admin.execute(IN_POSTGRES.format(also="false")).fetchall() == []
        everything = {name for (name,) in admin.execute(IN_POSTGRES.format(also="true"))}
    assert {
        f"marts.{name}" for name in (*read_manifest(folder).models, "publish_log", "run_log")
    } <= everything
    assert {f"restricted.{name}" for name in read_manifest(folder).restricted} <= everything


PROFILE = "The customer told it in a profile"


@ONE_NIGHT
def test_a_member_is_explained_without_what_links_it_or_what_was_not_followed(
    night: tuple[Home, Path],
) -> None:
    home, _ = night
    accounts = served_restricted(
        home,
        "select scope, list(distinct member_id order by member_id) from restricted.dim_member_identifiers"
        " where identifier_type = 'customer' group by scope",
    )
    members = {str(channel): list(of_channel) for channel, of_channel in accounts}
    [joined] = members["mini_program"]
    [other] = set(members["tmall_shop"]) - {joined}

    told = explain_member(read_build(home, "night1").path, joined)
    ends = [one.identifier.split("|")[:2] for one in told.identifiers]
    assert sorted(ends) == [["customer", "mini_program"], ["customer", "tmall_shop"], ["phone", "global"]]
    assert [one.gives_the_id for one in told.identifiers] == [True, False, False]
    assert [link.source for link in told.links] == [PROFILE, PROFILE]
    [refused] = told.not_followed
    assert (refused.reason, refused.other_member_id) == ("over_limit", other)
    assert (refused.found_count, refused.allowed_count) == (2, 1)

    picture = home.root / "joined.svg"
    said = explained(home, joined, "--picture", str(picture))
    assert ">mini_program</text>" in picture.read_text(encoding="utf-8")
    assert said[0] == f"{joined} is one person with 3 identifiers:"
    assert said[4] == "Seen together:"
    assert [line.split(": ", 1)[1].startswith(PROFILE) for line in said[5:7]] == [True, True]
    assert said[-1].endswith(
        "over_limit, a person would have more of a type than the rule allows: 2 found, 1 allowed"
    )


def explained(home: Home, member_id: str, *more: str) -> list[str]:
    done = CliRunner().invoke(app, ["member", "explain", member_id, "--home", str(home.root), *more])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


@ONE_NIGHT
def test_an_account_of_its_own_is_explained_as_if_it_were_linked(night: tuple[Home, Path]) -> None:
    home, _ = night
    [[member]] = served(home, "select distinct member_id from marts.fct_orders")
    said, account = explained(home, str(member))
    assert said.startswith(f"{member} is one account of ")
    assert said.endswith(": it was never seen with an identifier that is followed.")
    assert re.fullmatch(r" +1  customer\|\w+\|[0-9a-f]{32}, gives the id, at an unknown time", account)


@ONE_NIGHT
@pytest.mark.parametrize("nobody", ["m0123456789abcdef0123", "unknown", "'; drop table x; --"])
def test_somebody_who_is_nobody_is_explained(night: tuple[Home, Path], nobody: str) -> None:
    with pytest.raises(UsageError, match="no member"):
        explain_member(read_build(night[0], "night1").path, nobody)


@pytest.mark.soak  # two more builds of the night before it
@ONE_NIGHT
def test_a_rebuild_of_the_same_raw_shows_something_else(night: tuple[Home, Path]) -> None:
    home, _ = night
    state = published_state(home)
    build = build_warehouse(home, Settings(duckdb_threads=1), run_id="night2")
    write_verdict(export_candidate(home, build))
    again = publish_candidate(home, Settings(), "night2")
    assert (again.id, again.is_new) == (1, False)
    assert published_state(home) == state
    assert status(home).targets == {"marts.duckdb": 1}
