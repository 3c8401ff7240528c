"""The dbt project, built without landing: empty raw views for every unit test, a small story for the whole.

Here: what dbt itself says of each of its unit tests and data tests, and that the machine's time zone
changes nothing. Not here: rules of a model, which stand as unit tests beside it.
"""

import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from siyu.channel_settings import CHANNELS
from siyu.warehouse.build import tables_read
from siyu.warehouse.parsed import ONLY_IN_SQL
from siyu.warehouse.published import TABLES
from tests.models.building import (
    DBT_PROJECT,
    DbtBuild,
    create_raw_views,
    dbt_build,
    failures,
    landed_tables,
    source_tables,
)

# One dbt build serves every test of this file, so they belong on one worker.
pytestmark = pytest.mark.xdist_group("dbt_project")


def _unit_test_names() -> list[str]:
    """Every unit test that a YAML file of the project declares."""
    return sorted(
        test["name"]
        for file in (DBT_PROJECT / "models").rglob("*.yml")
        for test in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader).get("unit_tests", [])
    )


def test_dbt_unit_tests_are_found() -> None:
    names = _unit_test_names()
    assert len(names) >= 40
    assert len(names) == len(set(names)), "two unit tests share a name"


@pytest.mark.parametrize("name", sorted(ONLY_IN_SQL))
def test_a_var_that_a_kept_parse_leaves_open_decides_what_is_parsed(name: str) -> None:
    configured = re.compile(rf"config\([^)]*var\(\s*['\"]{name}['\"]")
    of_models = (DBT_PROJECT / "models").rglob("*.yml")
    assert [file.name for file in of_models if re.search(rf"var\(\s*['\"]{name}", file.read_text())] == []
    assert [file.name for file in DBT_PROJECT.rglob("*.sql") if configured.search(file.read_text())] == []


@pytest.mark.parametrize("name", _unit_test_names())
def test_dbt_unit_test(empty_build: DbtBuild, name: str) -> None:
    assert name in empty_build.results, f"dbt never came to it:\n{empty_build.output}"
    result = empty_build.results[name]
    assert result["status"] == "pass", result["message"]


def test_project_builds_when_nothing_has_landed(empty_build: DbtBuild) -> None:
    assert failures(empty_build) == []


ROWS_WITH_A_UNIT_TEST = (
    *("a1", "a4", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15"),
    *("b1", "b2", "b3", "b4", "b7", "b8"),
    *("c1", "c2", "c3", "c4", "c5", "c14", "c15", "c16", "d17", "d19", "e14", "g22", "h1", "h2", "h3"),
    *("i1", "i3", "i6", "i7", "i8", "i12", "i14", "i20", "i24", "i25", "i27", "j1", "j29"),
)
ROWS_WITH_A_DATA_TEST = {"a2": "assert_revenue_by_domain_sums_to_total"}


@pytest.mark.parametrize("row", ROWS_WITH_A_UNIT_TEST)
def test_acceptance_check_of_a_requirement_row_is_a_unit_test(row: str) -> None:
    assert any(f"__{row}_" in name for name in _unit_test_names())


@pytest.mark.parametrize(("row", "name"), ROWS_WITH_A_DATA_TEST.items())
def test_acceptance_check_of_a_requirement_row_is_a_data_test(row: str, name: str) -> None:
    sql = (DBT_PROJECT / "tests" / f"{name}.sql").read_text(encoding="utf-8")
    assert f"'{row.upper()}'" in sql


def test_a_raw_column_that_landing_gives_is_declared_in_the_dbt_source() -> None:
    tables = landed_tables() | {f"published_{name}": dict(types) for name, types in TABLES.items()}
    assert {name: columns for name, columns in source_tables().items() if name in tables} == tables
    assert source_tables().keys() - tables.keys() == {"loads", "published_loads"}, (
        "a source that nothing lands in"
    )


def test_staging_of_a_channel_is_built_where_there_is_no_such_channel_or_is_left_out_of_the_lint() -> None:
    project = yaml.load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    staging = {name: one for name, one in project["models"]["siyu"]["staging"].items() if name[0] != "+"}
    switches = {name: f"{{{{ '{name}' in var('channels', ['{name}']) }}}}" for name in CHANNELS}
    assert {name: one["+enabled"] for name, one in staging.items()} == switches
    assert sorted(project["vars"]["channels"]) == sorted(["files", *CHANNELS])


@pytest.mark.parametrize(
    ("entity", "file"),
    [
        ("identifier_links", "models/intermediate/int_identity_edges.sql"),
        ("customer_landings", "models/intermediate/int_identity_nodes.sql"),
        ("orders", "tests/assert_raw_orders_are_in_core_or_after_as_of.sql"),
        ("order_lines", "tests/assert_raw_order_lines_are_in_core_or_superseded.sql"),
        ("refunds", "tests/assert_raw_refunds_are_in_core_or_after_as_of.sql"),
    ],
)
def test_a_channel_with_staging_of_an_entity_is_left_out_where_all_of_them_are_named(
    entity: str, file: str
) -> None:
    text = (DBT_PROJECT / file).read_text(encoding="utf-8")
    there = {
        channel
        for channel in CHANNELS
        if list(DBT_PROJECT.glob(f"models/staging/*/stg_{channel}__{entity}.sql"))
    }
    assert there
    assert {channel for channel in there if f"'{channel}'" not in text} == set()


def test_what_can_land_is_read_by_no_model() -> None:
    assert landed_tables().keys() - tables_read() == set()


def test_sql_never_reads_the_clock_or_files() -> None:
    forbidden = re.compile(
        r"\b(now\(|current_date|current_timestamp|today\(|read_parquet|read_csv)", re.IGNORECASE
    )
    offenders = [
        str(file.relative_to(DBT_PROJECT))
        for folder in ("models", "macros", "tests")
        for file in (DBT_PROJECT / folder).rglob("*.sql")
        if forbidden.search(file.read_text(encoding="utf-8"))
    ]
    assert offenders == []


# One customer, two channels, times at the edges of the business day (UTC; Shanghai is eight hours ahead).
_STORY_LINES = """
insert into raw.files__order_lines by name
select
    'default' as brand_code, channel_code, order_id, token as customer_token, product_id,
    quantity, price as unit_price, quantity * price as line_amount, paid_at::timestamp as ordered_at,
    paid_at::timestamp as paid_at, 'CNY' as currency_code, updated_at::timestamp as updated_at,
    coalesce(reason is not null, false) as is_excluded, reason as exclusion_reason,
    line as _line_number, document as _group_hash, document || line as _row_hash,
    load as _load_id, 1 as _source_row
from (
    values
        ('own_web', '1', 't1', 'sku', 2, 50.00, '2024-03-30 15:59:59.999', null, null, 1, 'aa', 'l1'),
        ('own_web', '2', 't1', 'sku', 1, 50.00, '2024-03-30 16:00:00', null, null, 1, 'bb', 'l1'),
        ('own_web', '2', 't1', 'post', 1, 9.00, '2024-03-30 16:00:00', null, 'non_goods', 2, 'bb', 'l1'),
        ('own_web', '3', null, 'sku', 1, 70.00, '2024-03-31 10:00:00', '2024-03-31', null, 1, 'cc', 'l1'),
        ('own_web', '3', null, 'sku', 1, 80.00, '2024-03-31 10:00:00', '2024-04-01', null, 1, '00', 'l0'),
        ('own_web', '4', 't1', 'sku', 1, 50.00, '2024-04-01 16:00:00', null, null, 1, 'dd', 'l1')
) as story(channel_code, order_id, token, product_id, quantity, price, paid_at, updated_at, reason,
           line, document, load)
"""
_STORY_REFUNDS = """
insert into raw.files__refunds by name
select
    'default' as brand_code, 'own_web' as channel_code, refund_id, 't1' as customer_token,
    'SKU' as product_id, 1 as quantity, price as unit_price, price as refund_amount,
    refunded_at::timestamp as refunded_at, 'CNY' as currency_code, false as is_excluded,
    1 as _line_number, refund_id as _group_hash, refund_id as _row_hash, 'l1' as _load_id, 1 as _source_row
from (
    values
        ('r1', 50.00, '2024-03-31 15:59:59'),
        ('r2', 49.00, '2024-04-01 00:00:00'),
        ('r3', 50.00, '2024-04-01 16:00:00')
) as story(refund_id, price, refunded_at)
"""


def _story(folder: Path, zone: str) -> DbtBuild:
    create_raw_views(folder / "warehouse.duckdb")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(_STORY_LINES)
        connection.execute(_STORY_REFUNDS)
    return dbt_build(folder, "--exclude-resource-type", "unit_test", as_of_date="2024-04-01", TZ=zone)


@pytest.mark.soak
def test_days_and_money_are_right_whatever_the_time_zone_of_the_machine(tmp_path: Path) -> None:
    build = _story(tmp_path, "Pacific/Auckland")
    assert failures(build) == []
    with duckdb.connect(str(build.database), read_only=True) as connection:
        days = connection.execute(
            "select business_date::varchar, gmv_amount, refund_amount, unlinked_refund_amount, "
            "net_revenue_amount, refunded_on_day_amount, order_count, buyer_count "
            "from marts.kpi_daily where window_days = 1 and channel_code = 'all' order by 1"
        ).fetchall()
        refunds = connection.execute(
            "select refund_id, order_key, link_basis from core.fct_refunds order by 1"
        ).fetchall()
        comment = connection.execute(
            "select comment from duckdb_columns() "
            "where schema_name = 'marts' and table_name = 'kpi_daily' and column_name = 'aov'"
        ).fetchone()
    # 30 March: order 1. 31 March: order 2 (16:00 UTC is the next day) with the refund r1 of it, and
    # order 3 in its newer version, of nobody known. 1 April: the refund r2, whose price nothing had.
    assert days == [
        ("2024-03-30", Decimal(100), Decimal(0), Decimal(0), Decimal(100), Decimal(0), 1, 1),
        ("2024-03-31", Decimal(130), Decimal(50), Decimal(0), Decimal(80), Decimal(50), 2, 0),
        ("2024-04-01", Decimal(0), Decimal(0), Decimal(49), Decimal(-49), Decimal(49), 0, 0),
    ]
    assert refunds == [("r1", "own_web|2", "matched"), ("r2", None, "none")]
    assert comment is not None
    assert "笔单价" in comment[0]
