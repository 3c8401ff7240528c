"""Every number on the page is one that the marts have: the same questions, asked again in other words."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Page

from siyu.publication.run_log import run_log_of
from siyu.settings import Home
from siyu.storage import read_json
from tests.gate.stories import RUN
from tests.report.looking import rows

pytestmark = pytest.mark.xdist_group("report")

# heading on the page → which of its columns (None: all), and the same from marts.duckdb; brand 1 is the larger
QUESTIONS: dict[str, tuple[tuple[int, ...] | None, str]] = {
    "b1-months": (
        None,
        """
        select
            left(cast(business_date as varchar), 7) as month, sum(net_revenue_amount), sum(gmv_amount),
            sum(gmv_amount) - sum(net_revenue_amount), sum(valid_order_count), sum(new_buyer_count),
            cast(month < '2024-02' or max(business_date) = date '2024-02-29' as integer)
        from kpi_daily
        where brand_code = 'default' and channel_code = 'all' and window_days = 1 and business_date >= '2022-03-01'
        group by month order by month
        """,
    ),
    "b1-days": (
        None,
        """
        select business_date, net_revenue_amount, gmv_amount, gmv_amount - net_revenue_amount, valid_order_count
        from kpi_daily
        where brand_code = 'default' and channel_code = 'all' and window_days = 1 and business_date >= '2023-12-02'
        order by business_date
        """,
    ),
    "b1-buyers": (
        (0, 1, 2),
        """
        select
            date_day, count(distinct member_id), count(distinct member_id) filter (where member_order_number = 1)
        from dim_dates
        left join fct_orders
            on paid_date = date_day and brand_code = 'default' and is_valid and member_id <> 'unknown'
        where date_day >= '2023-12-02'
        group by date_day order by date_day
        """,
    ),
    "b1-window": (
        (0, 1, 2, 3, 4, 5),
        """
        select
            business_date, buyer_count, repeat_buyer_count, new_buyer_count, repurchase_rate * 100,
            returning_buyer_rate * 100
        from kpi_daily
        where brand_code = 'default' and channel_code = 'all' and window_days = 30
        order by business_date
        """,
    ),
    "b1-rfm-4": (
        (0, 1, 3, 5, 6),
        """
        select
            any_value(segment_label_en), count(*), sum(net_amount), count(*) filter (where is_super_user),
            count(*) filter (where is_priority_care)
        from member_rfm
        where brand_code = 'default' and rfm_window = 'lifetime' and account_role = 'end_consumer'
        group by segment_code order by segment_code
        """,
    ),
    "b1-rate-lift": (
        (0, 1, 2, 3, 5, 6, 7, 8, 9, 10),
        """
        select
            campaign_name || ': ' || arm, 'holdout', person_count, holdout_person_count, buyer_rate * 100,
            holdout_buyer_rate * 100, rate_lift * 100, rate_lift_low * 100, rate_lift_high * 100, rate_p_value
        from campaign_lift inner join dim_campaigns using (campaign_code)
        """,
    ),
    "b1-value-lift": (
        (0, 1, 2, 3, 4, 5, 6),
        """
        select
            campaign_name || ': ' || arm, 'holdout', value_per_head, holdout_value_per_head, value_lift,
            value_lift_low, value_lift_high
        from campaign_lift inner join dim_campaigns using (campaign_code)
        """,
    ),
    "b1-roi": (
        (1, 2, 3, 4, 6, 7),
        """
        select order_count, net_revenue_amount, cm2_amount, cost_amount, roas, roi * 100
        from channel_roi
        where brand_code = 'default' and period = 'lifetime'
        order by net_revenue_amount desc
        """,
    ),
    "excluded": (
        None,
        """
        select 'fct_order_lines', exclusion_reason, count(*), sum(line_amount) from fct_order_lines
        where exclusion_reason is not null group by exclusion_reason
        union all
        select 'fct_orders', exclusion_reason, count(*), sum(paid_amount) from fct_orders
        where exclusion_reason is not null group by exclusion_reason
        union all
        select 'fct_orders', 'refund_excess', count(*), sum(refund_excess_amount) from fct_orders
        where refund_excess_amount <> 0
        order by 1, 2
        """,
    ),
}


def asked(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.marts_file), read_only=True) as marts:
        return marts.execute(sql).fetchall()


def same(shown: list[list[str]], wanted: list[tuple[Any, ...]]) -> bool:
    """Whether texts and numbers agree, numbers by value; a dash is null."""
    return len(shown) == len(wanted) and all(
        len(left) == len(right) and all(map(_equal, left, right))
        for left, right in zip(shown, wanted, strict=True)
    )


def _equal(text: str, value: Any) -> bool:
    if value is None:
        return text == "–"
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return Decimal(text) == Decimal(str(value))
    return text == str(value)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_report_shows_a_number_that_the_mart_does_not_have(shown: Page, busy: Home, name: str) -> None:
    columns, sql = QUESTIONS[name]
    wanted = asked(busy, sql)
    found = [[row[at] for at in columns] if columns else row for row in rows(shown, name)]
    assert wanted, f"nothing to compare {name} with"
    assert same(found, wanted), (found[:3], wanted[:3])


def test_a_cohort_on_the_heat_map_has_another_rate_than_the_mart(shown: Page, busy: Home) -> None:
    wanted = {
        (str(month)[:7], number): rate
        for month, number, rate in asked(
            busy,
            "select cohort_month, month_number, retention_rate * 100 from member_cohort"
            " where brand_code = 'default' and cohort_month >= '2023-02-01' and month_number between 1 and 12",
        )
    }
    found = {
        (row[0], number): Decimal(text)
        for row in rows(shown, "b1-cohorts")
        for number, text in enumerate(row[2:], start=1)
        if text != "–"
    }
    assert len(found) > 50
    assert found == {key: rate for key, rate in wanted.items() if rate is not None}


def test_roas_by_month_differs_from_the_mart(shown: Page, busy: Home) -> None:
    wanted = {
        (month, roas)
        for month, roas in asked(
            busy,
            "select period, roas from channel_roi"
            " where brand_code = 'default' and period between '2023-02' and '2024-02'",
        )
        if roas is not None
    }
    found = {(row[0], Decimal(text)) for row in rows(shown, "b1-roas") for text in row[1:] if text != "–"}
    assert len(found) > 10
    assert found == wanted


def test_the_tiles_show_another_month_than_the_mart(shown: Page, busy: Home) -> None:
    (wanted,) = asked(
        busy,
        """
        select net_revenue_amount, valid_order_count, buyer_count, new_buyer_count, round(aov, 2),
            round(repurchase_rate * 100, 1)
        from kpi_daily
        where brand_code = 'default' and channel_code = 'all' and window_days = 30 and business_date = '2024-02-29'
        """,
    )
    tiles = shown.locator("#headline [data-brand='1'] .value").all_inner_texts()
    assert [Decimal(tile.split()[0].replace(",", "")) for tile in tiles] == list(wanted)
    before = asked(
        busy,
        "select count(distinct member_id) from fct_orders where is_valid and member_id <> 'unknown'"
        " and brand_code = 'default' and paid_date > date '2024-01-30' - 30 and paid_date <= '2024-01-30'",
    )[0][0]
    change = (Decimal(wanted[2]) / before - 1) * 100
    remark = shown.locator("#headline [data-brand='1'] .remark").nth(2).inner_text()
    assert remark == f"{change:+.1f} % against the 30 days before"


def test_what_changed_does_not_add_up(shown: Page, busy: Home) -> None:
    """Both publications' files, added up by day here."""
    daily = (
        "select business_date, net_revenue_amount from read_parquet('{}/{}/kpi_daily.parquet')"
        " where brand_code = 'default' and channel_code = 'all' and window_days = 1"
    )
    with duckdb.connect() as connection:
        before, now = (
            dict(connection.execute(daily.format(busy.publications, folder)).fetchall())
            for folder in ("000001", "000002")
        )
    changed = {day: now[day] - before[day] for day in before if now[day] != before[day]}
    (new_day,) = now.keys() - before.keys()
    bridge = [Decimal(row[-1]) for row in rows(shown, "b1-bridge")]
    assert bridge == [sum(before.values()), sum(changed.values()), now[new_day], sum(now.values())]
    assert sorted(changed.values()) == [Decimal("-10.00"), Decimal("77.70")]
    days = {row[0]: Decimal(row[3]) for row in rows(shown, "b1-restated")}
    assert days == {str(day): amount for day, amount in changed.items()}


def test_the_table_of_tables_counts_other_rows_than_the_manifest(shown: Page, busy: Home) -> None:
    before, now = (
        {name: table["rows"] for name, table in read_json(folder / "manifest.json")["models"].items()}
        for folder in (busy.publications / "000001", busy.publications / "000002")
    )
    found = {row[0]: (int(row[1]), int(row[2])) for row in rows(shown, "h-published")}
    assert found == {name: (now[name], before[name]) for name in now}


def test_rows_are_lost_between_the_loads_and_the_page(shown: Page) -> None:
    """The load of the second publication: three orders, one of them excluded, and one row that cannot be read."""
    ((_, resource, *numbers, newest),) = rows(shown, "landed")
    assert (resource, newest) == ("orders", "2026-11-01 12:00")
    assert list(map(int, numbers)) == [
        1,
        4,
        3,
        0,
        1,
        1,
        1,
    ]  # loads, read, landed, unchanged, excluded, and so on
    assert rows(shown, "reasons") == [["shop", "orders", "not_a_number", "1"]]


def test_a_check_of_the_audit_is_not_on_the_page(shown: Page, busy: Home) -> None:
    verdict = read_json(busy.publications / "000002" / "verdict.json")
    assert [row[0] for row in rows(shown, "checks")] == [check["id"] for check in verdict["checks"]]
    assert shown.locator("#audit > p").first.inner_text().startswith("1 checks")


def test_timings_are_not_those_of_the_journal(shown: Page, busy: Home) -> None:
    log = run_log_of(busy, RUN)
    tasks = [(row.step, row.seconds) for row in log if row.kind == "task"]
    assert [(row[0], float(row[1])) for row in rows(shown, "steps")] == tasks
    slowest = sorted((row.seconds for row in log if row.kind == "model"), reverse=True)[:10]
    assert [float(row[1]) for row in rows(shown, "models")] == slowest
