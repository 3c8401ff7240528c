"""A night over the generated log publishes what the generator knows to be true."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.bench.night import check_equal, run_plain
from siyu.publication import current_publication
from siyu.publication.manifest import read_manifest
from siyu.sandbox.order_log import generate_order_log
from siyu.settings import PROJECT, Home, Settings
from tests.evidence.compare import Rows, rows_of_loads
from tests.evidence.direct import land_folder, publish_what_landed

MAPPING = PROJECT / "examples" / "mappings" / "generated_order_log.yml"
ORDERS = """
select
    channel_code,
    count(*) as orders_placed,
    count(*) filter (where is_paid) as orders_paid,
    count(*) filter (where cancelled_at is not null) as orders_cancelled,
    count(*) filter (where is_valid) as orders_valid,
    count(*) filter (where is_paid and member_id = 'unknown') as orders_paid_without_customer,
    cast(sum(paid_amount) filter (where is_paid) * 100 as bigint) as gmv_fen,
    cast(sum(refunded_amount) * 100 as bigint) as refunded_fen,
    cast(sum(net_amount) * 100 as bigint) as net_fen,
    count(*) filter (where refunded_amount > 0) as orders_refunded,
    count(*) filter (where is_fully_refunded) as orders_refunded_in_full,
    count(distinct member_id) filter (where is_valid and member_id <> 'unknown') as buyers
from marts.fct_orders
where not is_excluded and not is_brushing
group by channel_code
"""
KPIS = """
select
    channel_code,
    cast(sum(gmv_amount) * 100 as bigint) as gmv_fen,
    cast(sum(gmv_amount - net_revenue_amount) * 100 as bigint) as refunded_fen,
    cast(sum(net_revenue_amount) * 100 as bigint) as net_fen,
    sum(valid_order_count) as orders_valid
from marts.kpi_daily
where window_days = 1
group by channel_code
"""
BUYERS = "select rfm_window, count(*) from marts.member_rfm group by rfm_window"
COSTS = """
select channel_code, cost_type || '_' || cost_purpose, cast(sum(cost_amount) * 100 as bigint)
from marts.fct_costs group by all
"""
LIFT = """
select
    person_count, buyer_count, cast(net_amount * 100 as bigint),
    holdout_person_count, holdout_buyer_count, cast(holdout_net_amount * 100 as bigint),
    rate_lift_low, rate_lift_high, outcome_days
from marts.campaign_lift where campaign_code = $campaign
"""


# one night for all of them, so one worker
pytestmark = pytest.mark.xdist_group("night_of_truth")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Rows]:
    """The published marts of one night over 6,000 orders, the truth, and where the rows went."""
    folder = tmp_path_factory.mktemp("night")
    truth = generate_order_log(folder / "log", orders=6_000)
    home = Home(folder / "home").create()
    loads = land_folder(home, Settings(), mapping_file=MAPPING, path=folder / "log")
    publish_what_landed(home, Settings())
    return home.marts_file, truth, rows_of_loads(loads)


def query(marts: Path, sql: str, **values: object) -> list[tuple[Any, ...]]:
    with duckdb.connect(marts, read_only=True) as connection:
        return connection.execute(sql, values or None).fetchall()


def query_per_channel(marts: Path, sql: str) -> dict[str, dict[str, Any]]:
    with duckdb.connect(marts, read_only=True) as connection:
        found = connection.execute(sql)
        names = [column[0] for column in found.description or []]
        return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in found.fetchall()}


@pytest.mark.timeout(300)
def test_each_shop_has_the_orders_and_the_money_of_the_truth(
    night: tuple[Path, dict[str, Any], Rows],
) -> None:
    marts, truth, _ = night
    found = query_per_channel(marts, ORDERS)
    expected = {
        channel: {name: figure for name, figure in figures.items() if name in found[channel]}
        for channel, figures in truth["channels"].items()
    }
    assert found == expected
    assert len(expected["tmall_shop"]) == 11


@pytest.mark.timeout(300)
def test_days_of_kpi_daily_add_up_to_the_truth(night: tuple[Path, dict[str, Any], Rows]) -> None:
    marts, truth, _ = night
    totals = truth["channels"] | {"all": truth["total"]}
    found = query_per_channel(marts, KPIS)
    assert found == {channel: {name: totals[channel][name] for name in found[channel]} for channel in totals}


@pytest.mark.timeout(300)
def test_every_buyer_of_a_window_has_an_rfm_row(night: tuple[Path, dict[str, Any], Rows]) -> None:
    marts, truth, _ = night
    total = truth["total"]
    assert dict(query(marts, BUYERS)) == {
        "30d": total["buyers_30d"],
        "90d": total["buyers_90d"],
        "365d": total["buyers_365d"],
        "lifetime": total["buyers"],
    }


@pytest.mark.timeout(300)
def test_costs_are_those_of_the_truth(night: tuple[Path, dict[str, Any], Rows]) -> None:
    marts, truth, _ = night
    expected = {
        (channel, kind): fen for channel, kinds in truth["costs_fen"].items() for kind, fen in kinds.items()
    }
    assert {(channel, kind): fen for channel, kind, fen in query(marts, COSTS)} == expected


@pytest.mark.timeout(300)
def test_interval_of_the_lift_holds_the_true_uplift(night: tuple[Path, dict[str, Any], Rows]) -> None:
    marts, truth, _ = night
    ((*counts, low, high, days),) = query(marts, LIFT, campaign=truth["campaign"]["campaign_code"])
    window = truth["campaign"]["windows_days"][str(days)]
    arms = (window["arms"]["treatment"], window["arms"]["holdout"])
    assert counts == [arm[name] for arm in arms for name in ("persons", "converted", "net_fen")]
    assert float(low) <= window["true_uplift_rate"] <= float(high)


@pytest.mark.timeout(300)
def test_dirty_rows_go_where_they_belong(night: tuple[Path, dict[str, Any], Rows]) -> None:
    _, truth, rows = night
    assert rows.quarantined == truth["dirty"]["quarantined_rows"]
    assert rows.unchanged == truth["dirty"]["orders_exported_again"]
    assert rows.excluded["brushing"] == 1
    assert rows.read == sum(truth["files"].values())


@pytest.mark.timeout(300)
def test_a_table_differs_from_the_one_that_plain_sql_makes(
    night: tuple[Path, dict[str, Any], Rows], tmp_path: Path
) -> None:
    home = Home(night[0].parent.parent)
    publication = current_publication(home)
    assert publication is not None
    manifest = read_manifest(publication.folder)
    run_plain(home, manifest, tmp_path)
    check_equal(manifest, tmp_path / "plain", Settings())
    assert len(manifest.models) == 33
