"""What the bench of a night found, whether it is within its budgets, and its results kept in a file.

Here: figures, budgets, words for a terminal, the file that docs/performance.md is made from. Not here: measuring.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from siyu.bench.measure import Cost
from siyu.storage import read_json, write_json

TASKS_OF_A_NIGHT = 9  # of ingest_files, transform_warehouse, publish_marts and maintain_warehouse


@dataclass(frozen=True, kw_only=True)
class Side:
    """One way of running the night: the middle of its runs, and each run."""

    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    written_bytes: int
    runs: list[Cost]
    parts: dict[str, float]  # seconds by step or statement, of the run in the middle


@dataclass(frozen=True, kw_only=True)
class NightFigures:
    """All that was measured over one data set.

    `rows` and `orders` are those published. `landing` was run once, from an empty home. `directly` and `plain` build
    and publish what has landed; `through_airflow` is None where it was left out; `directly_with_landing` is what it is
    held against: the same steps, reading tonight's files again.
    """

    data_set: str
    orders: int
    members: int
    rows: dict[str, int]
    machine: str
    measured_at: str  # ISO 8601 day, UTC
    code_revision: str
    landing: Cost
    landed_bytes: int
    directly: Side
    plain: Side
    through_airflow: Side | None
    directly_with_landing: Side | None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a night may take, what it took, in words."""

    what: str
    found: str
    is_kept: bool


def budgets(figures: NightFigures) -> list[Budget]:
    """The budgets that these figures can be held against."""
    allowed = 2 * figures.plain.wall_seconds + 30
    held = [
        Budget(
            what="build, audit and publish within 2 × plain SQL + 30 s",
            found=f"{figures.directly.wall_seconds:.1f} s of {allowed:.1f} s",
            is_kept=figures.directly.wall_seconds <= allowed,
        ),
        Budget(
            what="memory within 8 GB",
            found=f"{figures.directly.peak_memory_bytes / 1e9:.1f} GB",
            is_kept=figures.directly.peak_memory_bytes <= 8e9,
        ),
    ]
    if figures.through_airflow and figures.directly_with_landing:
        allowed = 1.3 * figures.directly_with_landing.wall_seconds + 3 * TASKS_OF_A_NIGHT
        held.append(
            Budget(
                what="through Airflow within 1.3 × directly + 3 s per task",
                found=f"{figures.through_airflow.wall_seconds:.1f} s of {allowed:.1f} s",
                is_kept=figures.through_airflow.wall_seconds <= allowed,
            )
        )
    return held


def as_words(figures: NightFigures) -> str:
    """The figures in a few lines for a terminal."""
    lines = [
        f"{figures.data_set}: {figures.orders:,} orders, {figures.members:,} members; the tables are equal",
        _line("landing, once", figures.landing),
        _line("build, audit, publish", figures.directly),
        _line("plain SQL", figures.plain),
    ]
    if figures.through_airflow and figures.directly_with_landing:
        lines += [
            _line("through Airflow", figures.through_airflow),
            _line("the same directly", figures.directly_with_landing),
        ]
    lines += [
        f"{budget.what}: {budget.found}, {'kept' if budget.is_kept else 'MISSED'}"
        for budget in budgets(figures)
    ]
    return "\n".join(lines)


def _line(what: str, cost: Cost | Side) -> str:
    return (
        f"  {what:22} {cost.wall_seconds:8.1f} s  CPU {cost.cpu_seconds:8.1f} s"
        f"  memory {cost.peak_memory_bytes / 2**20:7,.0f} MB  written {cost.written_bytes / 2**20:7,.0f} MB"
    )


def keep(figures: NightFigures, file: Path) -> None:
    """Write a result into the file; an older one of the same data set is replaced, the others stay."""
    keep_result(asdict(figures), file, name="data_set", size="orders")


def keep_result(result: Mapping[str, Any], file: Path, *, name: str, size: str) -> None:
    """Write a result into a list of them, smallest first; an older one of the same `name` is replaced."""
    others = [one for one in (read_json(file) if file.exists() else []) if one[name] != result[name]]
    write_json(file, sorted([*others, result], key=lambda one: (one[size], one[name])))


def read_kept(file: Path) -> list[NightFigures]:
    """The results of a file, the smallest data set first; none where there is no file."""
    return [_figures(one) for one in read_json(file)] if file.exists() else []


def _figures(content: dict[str, Any]) -> NightFigures:
    sides = {
        name: _side(content[name])
        for name in ("directly", "plain", "through_airflow", "directly_with_landing")
    }
    return NightFigures(**content | sides | {"landing": Cost(**content["landing"])})


def _side(content: dict[str, Any] | None) -> Side | None:
    return Side(**content | {"runs": [Cost(**run) for run in content["runs"]]}) if content else None
