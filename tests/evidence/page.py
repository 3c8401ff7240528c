"""The page docs/results-on-public-data.md: every figure from both sides, and what each judgement about dirty data does.

Here: putting the results into Markdown. Not here: computing them. The page names no machine and no path.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.evidence.compare import Answers, Comparison, DataSet, Figure, Rows, judgements

INTRODUCTION = """\
# Results on public data

<!-- written by `make evidence DATA=<folder>`; edit tests/evidence/page.py instead -->

Two sides answer the same questions about the same public files. One is siyu: a whole night through its own command
(`siyu nightly`), read from the published `marts.duckdb`. The other is plain SQL over the raw files
(`tests/evidence/*.sql`, DuckDB alone, none of siyu's code). They must agree to the row and to the fen; where one
figure differs, `make evidence` ends with exit code 1.

Amounts are in the currency of the file. Each line is quantity × price, rounded half up to the hundredth, on decimals
read from the shortest text of the stored number, before anything is added.
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A data set with everything both sides say about it."""

    data_set: DataSet
    independent: Answers
    rows: Rows
    as_of: str
    row_comparisons: Sequence[Comparison]
    figure_comparisons: Sequence[Comparison]
    seconds: dict[str, float]  # per step of the night, in order
    whole_night_seconds: float

    @property
    def differences(self) -> list[Comparison]:
        """Where the two sides disagree."""
        return [c for c in (*self.row_comparisons, *self.figure_comparisons) if c.differs]


def page(results: Sequence[Result], *, environment: str) -> str:
    """The whole page.

    Args:
        results: One per data set.
        environment: What it ran on: number of cores, versions.
    """
    total = sum(len(r.row_comparisons) + len(r.figure_comparisons) for r in results)
    differing = sum(len(r.differences) for r in results)
    verdict = (
        f"**{total} figures compared, {differing} differ.**"
        if differing
        else f"**{total} figures compared, none differs.**"
    )
    sections = [INTRODUCTION, verdict + f" Run on {environment}.\n"]
    sections += [section for result in results for section in _data_set(result)]
    return "\n".join(sections)


def _data_set(result: Result) -> list[str]:
    data_set = result.data_set
    title = (
        f"## {data_set.title}\n\n{data_set.source}. As of {result.as_of}; amounts in {data_set.currency}.\n"
    )
    return [title, _rows(result), _judgements(result), _figures(result), _cells(result), _seconds(result)]


def _rows(result: Result) -> str:
    rows = [
        (c.what, _count(c.independent.rows), _count(c.siyu.rows), _count(c.siyu.rows - c.independent.rows))
        for c in result.row_comparisons
    ]
    rows += [
        (f"rows quarantined: {reason}", "0", _count(count), _count(count))
        for reason, count in result.rows.quarantine_reasons.items()
    ]
    return "### Where the rows went\n\n" + _table(("", "SQL alone", "siyu", "difference"), rows)


def _judgements(result: Result) -> str:
    figures = result.independent.figures
    rows = [
        (f"`{name}`", words, _count(figures[name].rows), _money(figures[name].fen))
        for name, words in judgements(result.data_set).items()
    ]
    return "### Judgements and their effect\n\n" + _table(
        ("name", "judgement", "count", f"amount, {result.data_set.currency}"), rows
    )


def _figures(result: Result) -> str:
    rows = [
        (
            f"`{c.what}`",
            _count(c.independent.rows),
            _count(c.siyu.rows),
            _money(c.independent.fen),
            _money(c.siyu.fen),
            _difference(c),
        )
        for c in result.figure_comparisons
        if c.what in result.independent.figures
    ]
    heads = ("figure", "count, SQL alone", "count, siyu", "amount, SQL alone", "amount, siyu", "difference")
    return "### Both sides\n\n" + _table(heads, rows)


def _cells(result: Result) -> str:
    if not result.independent.cells:
        return "### RFM\n\nThe file names no customer: `member_rfm` is empty.\n"
    by_what = {c.what: c for c in result.figure_comparisons}
    rows = []
    for cell, figure in result.independent.cells.items():
        window, *highs = cell
        comparison = by_what[" ".join(str(part) for part in cell)]
        rows.append(
            (
                str(window),
                *("high" if high else "low" for high in highs),
                _count(figure.rows),
                _count(comparison.siyu.rows),
                _money(figure.fen),
                _money(comparison.siyu.fen),
                _difference(comparison),
            )
        )
    heads = (
        "window",
        "R",
        "F",
        "M",
        "persons, SQL alone",
        "persons, siyu",
        "net, SQL alone",
        "net, siyu",
        "difference",
    )
    return "### RFM: persons per window and cell\n\n" + _table(heads, rows, words=4)


def _seconds(result: Result) -> str:
    rows = [(step, f"{seconds:.1f}") for step, seconds in result.seconds.items()]
    rows.append(("the whole command, Airflow's start included", f"{result.whole_night_seconds:.1f}"))
    return "### Seconds per step\n\n" + _table(("step", "seconds"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """A Markdown table; columns after the first `words` hold numbers, except those of judgements."""
    right = ["---" if index < words or head == "judgement" else "---:" for index, head in enumerate(heads)]
    lines = [heads, right, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _count(number: int) -> str:
    return f"{number:,}"


def _money(fen: int) -> str:
    sign = "−" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def _difference(comparison: Comparison) -> str:
    apart = Figure(
        rows=comparison.siyu.rows - comparison.independent.rows,
        fen=comparison.siyu.fen - comparison.independent.fen,
    )
    return "0" if not comparison.differs else f"**{_count(apart.rows)} rows, {_money(apart.fen)}**"
