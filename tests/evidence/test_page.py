"""The page of results says what differs, and nothing about the machine."""

from decimal import Decimal

import pytest

from tests.evidence.compare import (
    STATEMENT,
    Answers,
    Comparison,
    Figure,
    Line,
    Rows,
    Table,
    compare_figures,
    compare_tables,
    judgements,
)
from tests.evidence.data_sets import DATA_SETS, UCI, DataSet
from tests.evidence.page import Result, page

TABLES = {"months", "repeat_purchases", "cohorts", "RFM"}
CELL: dict[Line, Line] = {("30d", "high", "high", "low"): (2, Decimal("-0.05"))}


def rfm(lines: dict[Line, Line]) -> dict[str, Table]:
    return {"RFM": Table(keys=("window", "R", "F", "M"), measures=("persons", "net"), lines=lines)}


def result(*, siyu_fen: int = 12_345, siyu_cells: dict[Line, Line] = CELL) -> Result:
    figures = {name: Figure(rows=7, fen=12_345) for name in judgements(UCI) if name not in TABLES}
    visits = Table(keys=("arm",), measures=("visits",), lines={("Mens",): (1_234,)})
    independent = Answers(figures=figures, tables=rfm(CELL) | {"months": visits})
    published = Answers(figures={"net": Figure(rows=7, fen=siyu_fen)}, tables=rfm(siyu_cells))
    return Result(
        data_set=UCI,
        independent=independent,
        rows=Rows(read=7, landed=7, unchanged=0, quarantined=0, excluded={}, quarantine_reasons={}),
        as_of="2011-12-09",
        row_comparisons=[Comparison(what="rows read", independent=7, siyu=7)],
        figure_comparisons=compare_figures(independent, published),
        table_comparisons=compare_tables(independent, published),
        seconds={"build": 12.34},
        whole_night_seconds=60.0,
    )


def test_page_names_both_figures_and_their_difference() -> None:
    text = page([result(siyu_fen=12_344)], environment="2 cores")
    assert "| `net` | 7 | 7 | 123.45 | 123.44 | **0 rows, −0.01** |" in text
    assert "**3 figures compared, 1 differ.**" in text


def test_page_without_a_difference_says_so() -> None:
    text = page([result()], environment="2 cores")
    assert "**3 figures compared, none differs.**" in text
    assert "| 30d | high | high | low | 2 | −0.05 |" in text
    assert "Both sides agree on all 1 lines." in text
    assert "| build | 12.3 |" in text


def test_line_that_only_siyu_has_stands_on_the_page() -> None:
    other: dict[Line, Line] = {("90d", "low", "low", "low"): (1, Decimal(3))}
    text = page([result(siyu_cells=CELL | other)], environment="2 cores")
    assert "**4 figures compared, 1 differ.**" in text
    assert "| 90d | low | low | low | none ≠ **1** | none ≠ **3** |" in text
    assert "**1 of 2 lines differ: SQL alone ≠ siyu.**" in text


def test_table_of_the_sql_alone_is_shown_and_not_counted() -> None:
    text = page([result()], environment="2 cores")
    assert "From the SQL alone." in text
    assert "| Mens | 1,234 |" in text


def test_every_judgement_stands_on_the_page_with_its_effect() -> None:
    text = page([result()], environment="2 cores")
    figures = {name: words for name, words in judgements(UCI).items() if name not in TABLES}
    assert all(f"| `{name}` | {words} | 7 | 123.45 |" in text for name, words in figures.items())
    assert len(figures) > 20
    assert judgements(UCI)["RFM"] in text


@pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda data_set: data_set.name)
def test_every_published_figure_answers_a_judgement(data_set: DataSet) -> None:
    """A name in the marts' SQL without one in the raw file's SQL would never be compared."""
    asked = [
        name
        for file in data_set.sql_files(".marts.sql")
        for name in STATEMENT.split(file.read_text(encoding="utf-8"))[2::3]
    ]
    assert set(asked) <= set(judgements(data_set))
    assert len(asked) >= 5
