"""Two independent answers to the same questions, side by side.

Here: reading the statements of the SQL files, running them over the raw files (DuckDB alone) and over what siyu
published, and holding siyu's counts of rows against the first. Not here: running siyu, writing the page.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

import duckdb

from tests.evidence.data_sets import DataSet

STATEMENT = re.compile(r"^-- (prepare|name|table): (\w+)\n", re.MULTILINE)
JUDGEMENT = re.compile(r"^-- judgement: (.+)$", re.MULTILINE)
WHOLE = ("bigint", "hugeint", "integer")

Value = int | Decimal | str | None
Line = tuple[Value, ...]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How many, and their amount in fen."""

    rows: int
    fen: int


@dataclass(frozen=True, kw_only=True)
class Table:
    """Lines of measures, each under its keys (the columns before the first number). Numbers are exact, no doubles."""

    keys: tuple[str, ...]
    measures: tuple[str, ...]
    lines: dict[Line, Line]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one side says: a figure per judgement, and its tables by name."""

    figures: dict[str, Figure]
    tables: dict[str, Table] = field(default_factory=dict)


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
class Comparison(Generic[T]):
    """One figure, or one line of a table, from both sides; None where a side does not have the line."""

    what: str
    key: Line = ()  # of a line
    independent: T
    siyu: T

    @property
    def differs(self) -> bool:
        """Whether the two sides disagree by a single row, fen or last digit."""
        return self.independent != self.siyu


def judgements(data_set: DataSet) -> dict[str, str]:
    """What was decided, by name of figure or table, in the order of the SQL files."""
    return {
        name: match.group(1)
        for _, name, body in _statements(data_set.sql_files(".sql"))
        if (match := JUDGEMENT.search(body))
    }


def independent_answers(data_set: DataSet, data_folder: Path) -> Answers:
    """What DuckDB alone says about the raw files."""
    with duckdb.connect() as connection:
        connection.execute("set variable data = $folder", {"folder": str(data_folder)})
        return _answers(connection, data_set.sql_files(".sql"))


def published_answers(data_set: DataSet, marts_file: Path) -> Answers:
    """What siyu's published marts say."""
    with duckdb.connect(marts_file, read_only=True) as connection:
        return _answers(connection, data_set.sql_files(".marts.sql"))


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


def compare_rows(data_set: DataSet, independent: Answers, rows: Rows) -> list[Comparison[int]]:
    """Rows read, unchanged and excluded by reason on both sides; nothing of these files is beyond understanding."""

    def counted(names: Iterable[str]) -> int:
        return sum(independent.figures[name].rows for name in names)

    unchanged = counted([data_set.unchanged_as] if data_set.unchanged_as else [])
    excluded: Counter[str] = Counter()
    for judgement, reason in data_set.excluded_as.items():
        excluded[reason] += counted([judgement])
    expected = {
        "rows read": counted(data_set.read_as),
        "records landed": counted(data_set.recorded_as) - unchanged,
        "rows unchanged": unchanged,
        "rows quarantined": 0,
    } | {f"rows excluded as {reason}": count for reason, count in excluded.items()}
    found = {
        "rows read": rows.read,
        "records landed": rows.landed,
        "rows unchanged": rows.unchanged,
        "rows quarantined": rows.quarantined,
    } | {f"rows excluded as {reason}": count for reason, count in rows.excluded.items()}
    return [
        Comparison(what=what, independent=expected.get(what, 0), siyu=found.get(what, 0))
        for what in expected | found
    ]


def compare_figures(independent: Answers, published: Answers) -> list[Comparison[Figure]]:
    """Every figure that siyu's side has."""
    return [
        Comparison(what=name, independent=independent.figures[name], siyu=figure)
        for name, figure in published.figures.items()
    ]


def compare_tables(independent: Answers, published: Answers) -> dict[str, list[Comparison[Line | None]]]:
    """By name of each table that siyu's side has: every line that either side has, the independent ones first."""
    compared = {}
    for name, theirs in published.tables.items():
        ours = independent.tables[name]
        if (ours.keys, ours.measures) != (theirs.keys, theirs.measures):
            raise ValueError(
                f"table {name}: columns {theirs.keys, theirs.measures}, expected {ours.keys, ours.measures}"
            )
        compared[name] = [
            Comparison(
                what=" ".join([name, *map(str, key)]),
                key=key,
                independent=ours.lines.get(key),
                siyu=theirs.lines.get(key),
            )
            for key in ours.lines | theirs.lines
        ]
    return compared


def _answers(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> Answers:
    figures: dict[str, Figure] = {}
    tables: dict[str, Table] = {}
    for kind, name, body in _statements(files):
        match kind:
            case "prepare":
                connection.execute(body)
            case "name":
                ((rows, fen),) = connection.execute(body).fetchall()
                figures[name] = Figure(rows=int(rows), fen=int(fen or 0))
            case _:
                tables[name] = _table(connection.sql(body))
    return Answers(figures=figures, tables=tables)


def _table(relation: duckdb.DuckDBPyRelation) -> Table:
    types = [type_.id for type_ in relation.types]
    if "double" in types:
        raise ValueError(
            f"a double has no last digit to compare: cast {relation.columns[types.index('double')]}"
        )
    first = next(index for index, type_ in enumerate(types) if type_ in (*WHOLE, "decimal"))
    return Table(
        keys=tuple(relation.columns[:first]),
        measures=tuple(relation.columns[first:]),
        lines={row[:first]: row[first:] for row in relation.fetchall()},
    )


def _statements(files: Sequence[Path]) -> Iterator[tuple[str, str, str]]:
    """The statements of some files: kind, name and SQL of each."""
    for file in files:
        parts = STATEMENT.split(file.read_text(encoding="utf-8"))[1:]
        yield from zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
