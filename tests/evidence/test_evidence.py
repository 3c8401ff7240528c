"""siyu's figures on public data are those of SQL that reads the raw files alone, to the row and to the fen."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from siyu.settings import Home
from tests.evidence.compare import (
    Answers,
    Comparison,
    Figure,
    Table,
    compare_figures,
    compare_rows,
    compare_tables,
    independent_answers,
    published_answers,
    rows_of_loads,
)
from tests.evidence.data_sets import CDNOW, DATA_SETS, HILLSTROM, OLIST, TMALL, UCI, DataSet
from tests.evidence.direct import land_folder, publish_what_landed

Asked = Callable[[DataSet], Answers]


@pytest.fixture(scope="module")
def asked(data_folder: Path) -> Asked:
    """What the SQL over the raw files says, asked once per data set."""
    data_sets = {data_set.name: data_set for data_set in DATA_SETS}
    answers = cache(lambda name: independent_answers(data_sets[name], data_folder))
    return lambda data_set: answers(data_set.name)


@pytest.mark.timeout(300)
@pytest.mark.soak  # each takes a whole build of the warehouse
@pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda data_set: data_set.name)
def test_siyu_and_plain_sql_agree_to_the_fen(data_set: DataSet, data_folder: Path, home: Home) -> None:
    settings = data_set.settings
    loads = land_folder(
        home, settings, mapping_file=data_set.mapping_file, path=data_folder / data_set.folder
    )
    publish_what_landed(home, settings, as_of=data_set.as_of)

    independent = independent_answers(data_set, data_folder)
    published = published_answers(data_set, home.marts_file)
    rows = compare_rows(data_set, independent, rows_of_loads(loads))
    figures = compare_figures(independent, published)
    lines = [line for table in compare_tables(independent, published).values() for line in table]

    assert [comparison for comparison in (*rows, *figures, *lines) if comparison.differs] == []
    assert len(figures) >= 3  # an empty comparison agrees with everything
    assert len(lines) >= 2


def test_uci_sql_finds_what_the_data_sets_own_page_says(asked: Asked) -> None:
    """Numbers counted by hand of others: the README beside the data."""
    figures = asked(UCI).figures
    assert figures["all_rows"].rows == 525_461 + 541_909
    assert figures["second_copies"].rows == 22_523
    assert figures["bad_debt"].rows == 3 + 3


def test_uci_judgements_lose_no_row_and_no_penny(asked: Asked) -> None:
    figures = asked(UCI).figures
    parts = (
        "second_copies",
        "cancellations",
        "bad_debt",
        "tests",
        "non_goods",
        "stock_adjustments",
        "zero_prices",
        "goods_sold",
    )
    assert figures["all_rows"] == Figure(
        rows=sum(figures[part].rows for part in parts), fen=sum(figures[part].fen for part in parts)
    )
    unlinked = ("refunds_without_customer", "refunds_without_original", "refunds_beyond_the_line")
    assert figures["refunds"].fen == figures["refunds_matched"].fen + sum(figures[u].fen for u in unlinked)
    assert figures["net"].fen == figures["goods_sold"].fen - figures["refunds"].fen


@pytest.mark.parametrize("data_set", [UCI, OLIST, CDNOW], ids=lambda data_set: data_set.name)
def test_rfm_cells_repeats_and_cohorts_hold_each_buyer_once(data_set: DataSet, asked: Asked) -> None:
    answers = asked(data_set)
    buyers = answers.figures["buyers"]
    assert sum(persons for persons, *_ in answers.tables["cohorts"].lines.values()) == buyers.rows
    for lines in (
        [line for (window, *_), line in answers.tables["RFM"].lines.items() if window == "lifetime"],
        answers.tables["repeat_purchases"].lines.values(),
    ):
        assert sum(persons for persons, _ in lines) == buyers.rows
        assert sum(net for _, net in lines) * 100 == buyers.fen


@pytest.mark.parametrize("data_set", [UCI, TMALL, OLIST, CDNOW], ids=lambda data_set: data_set.name)
def test_months_add_up_to_the_whole(data_set: DataSet, asked: Asked) -> None:
    answers = asked(data_set)
    lines = answers.tables["months"].lines.values()
    whole = answers.figures["net" if "net" in answers.figures else "purchases"]
    assert sum(net for *_, net in lines) * 100 == whole.fen
    assert sum(orders for orders, *_ in lines) == whole.rows


def test_olist_sql_finds_what_the_data_sets_own_page_says(asked: Asked) -> None:
    answers = asked(OLIST)
    figures = answers.figures
    assert (figures["all_orders"].rows, figures["all_items"].rows) == (8_135, 8_365)
    assert figures["all_customers"].rows - figures["second_rows_of_persons"].rows == 8_016
    assert figures["orders_without_items"].rows == 775
    assert figures["repeat_buyers_by_customer_id"].rows == 0
    assert {status: orders for (status,), (orders, *_) in answers.tables["statuses"].lines.items()} == {
        "delivered": 5_172,
        "shipped": 1_107,
        "canceled": 625,
        "unavailable": 609,
        "invoiced": 314,
        "processing": 301,
        "created": 5,
        "approved": 2,
    }
    assert figures["net"].fen == figures["gross"].fen - figures["refunds"].fen


@pytest.mark.parametrize("data_set", [CDNOW, HILLSTROM], ids=lambda data_set: data_set.name)
def test_the_file_is_the_one_that_others_have_published_figures_of(data_set: DataSet, asked: Asked) -> None:
    published = asked(data_set).tables["published"]
    assert published.measures == ("published", "found")
    assert [what for what, (told, found) in published.lines.items() if told != found] == []
    assert len(published.lines) >= 6


def test_cdnow_sql_finds_what_the_data_sets_own_page_says(asked: Asked) -> None:
    figures = asked(CDNOW).figures
    assert figures["exact_repeats"].rows == 21
    assert figures["nothing_paid"] == Figure(rows=8, fen=0)
    assert figures["first_purchases_after_the_quarter"].rows == 0


def test_tmall_sql_finds_what_the_data_sets_own_page_says(asked: Asked) -> None:
    figures = asked(TMALL).figures
    assert figures["all_orders"].rows == 28_010
    assert figures["never_paid"].rows == 3_923
    assert figures["refunds"].rows == 5_646
    assert figures["refunds_in_full"].rows == 5_132
    assert figures["not_net_of_refund"].rows == 0
    assert figures["net"].fen == figures["gross"].fen - figures["refunds"].fen


def test_a_difference_of_one_fen_is_seen() -> None:
    one, other = Figure(rows=3, fen=100), Figure(rows=3, fen=101)
    (found,) = compare_figures(Answers(figures={"net": one}), Answers(figures={"net": other}))
    assert found.differs
    assert not Comparison(what="net", independent=one, siyu=one).differs


def test_a_line_that_one_side_lacks_is_a_difference() -> None:
    def answers(*months: str) -> Answers:
        lines = {(month,): (3, Decimal("1.00")) for month in months}
        table = Table(keys=("month",), measures=("orders", "net"), lines=lines)
        return Answers(figures={}, tables={"months": table})

    found = compare_tables(answers("2026-01", "2026-02"), answers("2026-01", "2026-03"))["months"]
    assert {line.what: line.differs for line in found} == {
        "months 2026-01": False,
        "months 2026-02": True,
        "months 2026-03": True,
    }


def test_a_row_offered_to_two_resources_is_read_once() -> None:
    counts = {"read": 10, "landed": 4, "unchanged": 1, "quarantined": 0, "quarantine_reasons": {}}
    rows = rows_of_loads(
        [{"order_lines": counts | {"excluded": {"test": 2}}, "refunds": counts | {"excluded": {"test": 1}}}]
    )
    assert (rows.read, rows.landed, rows.unchanged, rows.excluded) == (10, 8, 2, {"test": 3})
