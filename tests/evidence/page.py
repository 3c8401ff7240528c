"""The page docs/results-on-public-data.md: every figure from both sides, and what each judgement about dirty data does.

Here: putting the results into Markdown. Not here: computing them. The page names no machine and no path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.evidence.compare import Answers, Comparison, Figure, Line, Rows, Value, judgements
from tests.evidence.data_sets import DataSet

INTRODUCTION = """\
# Results on public data

<!-- written by `make evidence DATA=<folder>`; edit tests/evidence/page.py instead -->

Two sides answer the same questions about the same public files. One is siyu: a whole night through its own command
(`siyu nightly`), read from the published `marts.duckdb`. The other is plain SQL over the raw files
(`tests/evidence/*.sql`, DuckDB alone, none of siyu's code). They must agree to the row and to the fen; where one
figure differs, `make evidence` ends with exit code 1.

Amounts are in the currency of the file. Each line is quantity × price, rounded half up to the hundredth, on decimals
read from the shortest text of the stored number, before anything is added. A table that siyu has no place for yet
(visits, impressions) is shown from the SQL alone, and not counted as compared.
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A data set with everything both sides say about it."""

    data_set: DataSet
    independent: Answers
    rows: Rows
    as_of: str
    row_comparisons: Sequence[Comparison[int]]
    figure_comparisons: Sequence[Comparison[Figure]]
    table_comparisons: Mapping[str, Sequence[Comparison[Line | None]]]
    seconds: dict[str, float]  # per step of the night, in order
    whole_night_seconds: float

    @property
    def comparisons(self) -> list[Comparison[Any]]:
        """Everything that was compared."""
        lines = [line for table in self.table_comparisons.values() for line in table]
        return [*self.row_comparisons, *self.figure_comparisons, *lines]

    @property
    def differences(self) -> list[Comparison[Any]]:
        """Where the two sides disagree."""
        return [comparison for comparison in self.comparisons if comparison.differs]


def page(results: Sequence[Result], *, environment: str) -> str:
    """The whole page.

    Args:
        results: One per data set.
        environment: What it ran on: number of cores, versions.
    """
    total = sum(len(result.comparisons) for result in results)
    differing = sum(len(result.differences) for result in results)
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
    currency = data_set.settings.reporting_currency
    title = f"## {data_set.title}\n\n{data_set.source}. As of {result.as_of}; amounts in {currency}.\n"
    tables = [_answers(result, name) for name in result.independent.tables]
    return [title, _rows(result), _judgements(result), _figures(result), *tables, _seconds(result)]


def _rows(result: Result) -> str:
    rows = [
        (c.what, _count(c.independent), _count(c.siyu), _count(c.siyu - c.independent))
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
        if name in figures
    ]
    return "### Judgements and their effect\n\n" + _table(
        ("name", "judgement", "count", f"amount, {result.data_set.settings.reporting_currency}"), rows
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
    ]
    heads = ("figure", "count, SQL alone", "count, siyu", "amount, SQL alone", "amount, siyu", "difference")
    return "### Both sides\n\n" + _table(heads, rows)


def _answers(result: Result, name: str) -> str:
    """A table of both sides: what they agree on once, and both where they do not."""
    table = result.independent.tables[name]
    compared = result.table_comparisons.get(name)
    if compared is None:
        verdict = "From the SQL alone."
        lines = [[*key, *measures] for key, measures in table.lines.items()]
        cells = [[_value(value) for value in line] for line in lines]
    else:
        differing = sum(line.differs for line in compared)
        verdict = (
            f"**{differing} of {len(compared)} lines differ: SQL alone ≠ siyu.**"
            if differing
            else f"Both sides agree on all {len(compared)} lines."
        )
        nothing: Line = (None,) * len(table.measures)
        cells = [
            [
                *map(_value, line.key),
                *map(_both, line.independent or nothing, line.siyu or nothing),
            ]
            for line in compared
        ]
    heading = f"### {name[0].upper()}{name[1:].replace('_', ' ')}\n\n{judgements(result.data_set)[name]} {verdict}\n\n"
    return heading + _table((*table.keys, *table.measures), cells, words=len(table.keys))


def _both(independent: Value, siyu: Value) -> str:
    same = independent == siyu
    return _value(independent) if same else f"{_value(independent)} ≠ **{_value(siyu)}**"


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


def _value(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return f"{value:,}".replace("-", "−")


def _money(fen: int) -> str:
    sign = "−" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def _difference(comparison: Comparison[Figure]) -> str:
    apart = Figure(
        rows=comparison.siyu.rows - comparison.independent.rows,
        fen=comparison.siyu.fen - comparison.independent.fen,
    )
    return "0" if not comparison.differs else f"**{_count(apart.rows)} rows, {_money(apart.fen)}**"
