"""Two independent answers to the same questions, side by side.

Here: reading the statements of the SQL files, running them over the raw files (DuckDB alone) and over what siyu
published, and holding siyu's counts of rows against the first. Not here: running siyu, writing the page.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

HERE = Path(__file__).resolve().parent
MAPPINGS = HERE.parents[1] / "examples" / "mappings"
STATEMENT = re.compile(r"^-- (prepare|name|rows): (\w+)\n", re.MULTILINE)
JUDGEMENT = re.compile(r"^-- judgement: (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A public data set: where it lies, how siyu reads it, and the reasons under which siyu excludes its rows."""

    name: str  # of the SQL files
    title: str
    source: str  # who made it, and under which terms
    folder: str
    mapping: str
    currency: str
    unit: str  # what a row of the file is
    excluded_as: dict[str, str] = field(default_factory=dict)  # judgement → siyu's reason; one or more to one
    read_as: str  # judgement that counts every row read
    unchanged_as: str | None = None  # judgement that counts rows siyu already had
    twice_as: str | None = None  # judgement that counts rows which become two records

    @property
    def mapping_file(self) -> Path:
        """The mapping that ships with siyu."""
        return MAPPINGS / self.mapping


UCI = DataSet(
    name="uci_online_retail",
    title="UCI Online Retail, December 2009 to December 2011",
    source="D. Chen, Online Retail (2015) and Online Retail II (2019), UCI Machine Learning Repository, CC BY 4.0",
    folder="uci_online_retail",
    mapping="uci_online_retail.yml",
    currency="GBP",
    unit="invoice line",
    excluded_as={
        "bad_debt": "bad_debt",
        "tests": "test_order",
        "non_goods": "non_goods",
        "cancelled_tests": "test_order",
        "cancelled_non_goods": "non_goods",
        "stock_adjustments": "stock_adjustment",
        "zero_prices": "no_price",
    },
    read_as="all_rows",
    unchanged_as="second_copies",
)
TMALL = DataSet(
    name="tmall_orders",
    title="Tmall orders of February 2020",
    source="A teaching data set from Chinese data-science sites; no licence stated, so it is not in this repository",
    folder="tmall_orders_2020_02",
    mapping="tmall_orders.yml",
    currency="CNY",
    unit="order",
    read_as="all_orders",
    twice_as="refunds",
)
DATA_SETS = (UCI, TMALL)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How many, and their amount in fen."""

    rows: int
    fen: int


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one side says: a figure per judgement, and per cell of the RFM grid (window, recent, frequent, high)."""

    figures: dict[str, Figure]
    cells: dict[tuple[Any, ...], Figure]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Where the rows of all files of a data set went, by siyu's own count; one row may become two records."""

    read: int
    landed: int
    unchanged: int
    quarantined: int
    excluded: dict[str, int]  # by reason, part of landed
    quarantine_reasons: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One figure from both sides; rows alone where no amount is meant."""

    what: str
    independent: Figure
    siyu: Figure

    @property
    def differs(self) -> bool:
        """Whether the two sides disagree by a single row or fen."""
        return self.independent != self.siyu


def judgements(data_set: DataSet) -> dict[str, str]:
    """What was decided, by name, in the order of the SQL file."""
    return {
        name: match.group(1)
        for kind, name, body in _statements(HERE / f"{data_set.name}.sql")
        if kind == "name" and (match := JUDGEMENT.search(body))
    }


def independent_answers(data_set: DataSet, data_folder: Path) -> Answers:
    """What DuckDB alone says about the raw files."""
    with duckdb.connect() as connection:
        connection.execute("set variable data = $folder", {"folder": str(data_folder)})
        return _answers(connection, HERE / f"{data_set.name}.sql")


def published_answers(data_set: DataSet, marts_file: Path) -> Answers:
    """What siyu's published marts say."""
    with duckdb.connect(marts_file, read_only=True) as connection:
        return _answers(connection, HERE / f"{data_set.name}.marts.sql")


def rows_of_loads(loads: Iterable[Mapping[str, Mapping[str, Any]]]) -> Rows:
    """Add up the counts of loads, each a mapping of resource → counts as siyu records them.

    Every resource of a load counts the same file's rows as read, so they are taken once per load.
    """
    total: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for resources in loads:
        total["read"] += next(iter(resources.values()))["read"]
        for counts in resources.values():
            for name in ("landed", "unchanged", "quarantined"):
                total[name] += counts[name]
            excluded.update(counts["excluded"])
            reasons.update(counts["quarantine_reasons"])
    return Rows(
        read=total["read"],
        landed=total["landed"],
        unchanged=total["unchanged"],
        quarantined=total["quarantined"],
        excluded=dict(sorted(excluded.items())),
        quarantine_reasons=dict(sorted(reasons.items())),
    )


def compare_rows(data_set: DataSet, independent: Answers, rows: Rows) -> list[Comparison]:
    """Rows read, unchanged and excluded by reason on both sides; nothing of these files is beyond understanding."""
    figures = independent.figures
    read = figures[data_set.read_as].rows
    unchanged = figures[data_set.unchanged_as].rows if data_set.unchanged_as else 0
    twice = figures[data_set.twice_as].rows if data_set.twice_as else 0
    expected_reasons: Counter[str] = Counter()
    for judgement, reason in data_set.excluded_as.items():
        expected_reasons[reason] += figures[judgement].rows
    expected = {
        "rows read": read,
        "records landed": read - unchanged + twice,
        "rows unchanged": unchanged,
        "rows quarantined": 0,
    } | {f"rows excluded as {reason}": count for reason, count in expected_reasons.items()}
    found = {
        "rows read": rows.read,
        "records landed": rows.landed,
        "rows unchanged": rows.unchanged,
        "rows quarantined": rows.quarantined,
    } | {f"rows excluded as {reason}": count for reason, count in rows.excluded.items()}
    return [
        Comparison(
            what=what,
            independent=Figure(rows=expected.get(what, 0), fen=0),
            siyu=Figure(rows=found.get(what, 0), fen=0),
        )
        for what in expected | found
    ]


def compare_figures(independent: Answers, published: Answers) -> list[Comparison]:
    """Every figure that siyu's side has, and every cell of the RFM grid that either side has."""
    nothing = Figure(rows=0, fen=0)
    same_name = [
        Comparison(what=name, independent=independent.figures[name], siyu=figure)
        for name, figure in published.figures.items()
    ]
    cells = [
        Comparison(
            what=" ".join(str(part) for part in cell),
            independent=independent.cells.get(cell, nothing),
            siyu=published.cells.get(cell, nothing),
        )
        for cell in sorted(independent.cells.keys() | published.cells.keys())
    ]
    return same_name + cells


def _answers(connection: duckdb.DuckDBPyConnection, file: Path) -> Answers:
    figures: dict[str, Figure] = {}
    cells: dict[tuple[Any, ...], Figure] = {}
    for kind, name, body in _statements(file):
        found = connection.execute(body).fetchall()
        if kind == "name":
            ((rows, fen),) = found
            figures[name] = Figure(rows=int(rows), fen=int(fen or 0))
        elif kind == "rows":
            cells |= {tuple(key): Figure(rows=rows, fen=int(fen)) for *key, rows, fen in found}
    return Answers(figures=figures, cells=cells)


def _statements(file: Path) -> list[tuple[str, str, str]]:
    """The statements of a file: kind, name and SQL of each."""
    parts = STATEMENT.split(file.read_text(encoding="utf-8"))[1:]
    return list(zip(parts[0::3], parts[1::3], parts[2::3], strict=True))
