"""The page of results says what differs, and nothing about the machine."""

from dataclasses import replace

from tests.evidence.compare import TMALL, UCI, Answers, Comparison, Figure, Rows, compare_figures, judgements
from tests.evidence.page import Result, page

CELL = ("30d", True, True, False)


def result(*, siyu_fen: int = 12_345) -> Result:
    figures = {name: Figure(rows=7, fen=12_345) for name in judgements(UCI)}
    independent = Answers(figures=figures, cells={CELL: Figure(rows=2, fen=-5)})
    published = Answers(figures={"net": Figure(rows=7, fen=siyu_fen)}, cells=independent.cells)
    return Result(
        data_set=UCI,
        independent=independent,
        rows=Rows(read=7, landed=7, unchanged=0, quarantined=0, excluded={}, quarantine_reasons={}),
        as_of="2011-12-09",
        row_comparisons=[
            Comparison(what="rows read", independent=Figure(rows=7, fen=0), siyu=Figure(rows=7, fen=0))
        ],
        figure_comparisons=compare_figures(independent, published),
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
    assert "| 30d | high | high | low | 2 | 2 | −0.05 | −0.05 | 0 |" in text
    assert "| build | 12.3 |" in text


def test_every_judgement_stands_on_the_page_with_its_effect() -> None:
    text = page([result()], environment="2 cores")
    assert all(f"| `{name}` | {words} | 7 | 123.45 |" in text for name, words in judgements(UCI).items())
    assert len(judgements(UCI)) > 20


def test_every_published_figure_answers_a_judgement() -> None:
    """A name in the marts' SQL without one in the raw file's SQL would never be compared."""
    for data_set in (UCI, TMALL):
        text = (UCI.mapping_file.parents[2] / "tests/evidence" / f"{data_set.name}.marts.sql").read_text()
        asked = [line.removeprefix("-- name: ") for line in text.splitlines() if line.startswith("-- name: ")]
        assert set(asked) <= set(judgements(data_set))


def test_data_set_without_customers_has_no_grid() -> None:
    empty = Answers(figures={name: Figure(rows=0, fen=0) for name in judgements(TMALL)}, cells={})
    text = page(
        [replace(result(), data_set=TMALL, independent=empty, figure_comparisons=[])], environment="2 cores"
    )
    assert "`member_rfm` is empty" in text
