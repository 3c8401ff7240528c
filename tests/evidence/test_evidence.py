"""siyu's figures on public data are those of SQL that reads the raw files alone, to the row and to the fen."""

from pathlib import Path

import pytest

from siyu.settings import Home, Settings
from tests.evidence.compare import (
    TMALL,
    UCI,
    Answers,
    Comparison,
    DataSet,
    Figure,
    compare_figures,
    compare_rows,
    independent_answers,
    published_answers,
    rows_of_loads,
)
from tests.evidence.direct import land_folder, publish_what_landed

SETTINGS = {
    UCI.name: Settings(business_timezone="Europe/London", reporting_currency="GBP"),
    TMALL.name: Settings(),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "data_set", [TMALL, pytest.param(UCI, marks=pytest.mark.soak)], ids=lambda data_set: data_set.name
)
def test_siyu_and_plain_sql_agree_to_the_fen(data_set: DataSet, data_folder: Path, home: Home) -> None:
    settings = SETTINGS[data_set.name]
    loads = land_folder(
        home, settings, mapping_file=data_set.mapping_file, path=data_folder / data_set.folder
    )
    publish_what_landed(home, settings)

    independent = independent_answers(data_set, data_folder)
    compared = compare_rows(data_set, independent, rows_of_loads(loads))
    compared += compare_figures(independent, published_answers(data_set, home.marts_file))

    assert [comparison for comparison in compared if comparison.differs] == []
    assert len(compared) >= 10  # an empty comparison agrees with everything


def test_uci_sql_finds_what_the_data_sets_own_page_says(data_folder: Path) -> None:
    """Numbers counted by hand of others: the README beside the data."""
    figures = independent_answers(UCI, data_folder).figures
    assert figures["all_rows"].rows == 525_461 + 541_909
    assert figures["second_copies"].rows == 22_523
    assert figures["bad_debt"].rows == 3 + 3


def test_uci_judgements_lose_no_row_and_no_penny(data_folder: Path) -> None:
    figures = independent_answers(UCI, data_folder).figures
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


def test_uci_rfm_cells_of_a_window_hold_each_buyer_once(data_folder: Path) -> None:
    answers = independent_answers(UCI, data_folder)
    lifetime = [figure for (window, *_), figure in answers.cells.items() if window == "lifetime"]
    assert sum(figure.rows for figure in lifetime) == answers.figures["buyers"].rows
    assert sum(figure.fen for figure in lifetime) == answers.figures["buyers"].fen


def test_tmall_sql_finds_what_the_data_sets_own_page_says(data_folder: Path) -> None:
    figures = independent_answers(TMALL, data_folder).figures
    assert figures["all_orders"].rows == 28_010
    assert figures["never_paid"].rows == 3_923
    assert figures["refunds"].rows == 5_646
    assert figures["refunds_in_full"].rows == 5_132
    assert figures["not_net_of_refund"].rows == 0
    assert figures["net"].fen == figures["gross"].fen - figures["refunds"].fen


def test_a_difference_of_one_fen_is_seen() -> None:
    one, other = Figure(rows=3, fen=100), Figure(rows=3, fen=101)
    found = compare_figures(
        Answers(figures={"net": one}, cells={("30d", True): one}),
        Answers(figures={"net": other}, cells={("90d", True): one}),
    )
    assert [comparison.differs for comparison in found] == [True, True, True]
    assert not Comparison(what="net", independent=one, siyu=one).differs


def test_a_row_offered_to_two_resources_is_read_once() -> None:
    counts = {"read": 10, "landed": 4, "unchanged": 1, "quarantined": 0, "quarantine_reasons": {}}
    rows = rows_of_loads(
        [{"order_lines": counts | {"excluded": {"test": 2}}, "refunds": counts | {"excluded": {"test": 1}}}]
    )
    assert (rows.read, rows.landed, rows.unchanged, rows.excluded) == (10, 8, 2, {"test": 3})
