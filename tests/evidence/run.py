"""`make evidence DATA=<folder>`: siyu's own nights over public data against SQL that reads the raw files alone.

Runs `siyu nightly` in a home per data set, compares, writes docs/results-on-public-data.md. The homes are temporary;
that of a night which failed stays, with the log its message names.
Exit code 1 where a figure differs by a row or a fen, that of `siyu nightly` where the night failed.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.evidence.compare import (
    compare_figures,
    compare_rows,
    compare_tables,
    independent_answers,
    published_answers,
    rows_of_loads,
)
from tests.evidence.data_sets import DATA_SETS, DataSet
from tests.evidence.page import Result, page

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "results-on-public-data.md"


def run_night(data_set: DataSet, data_folder: Path, home: Path) -> tuple[dict[str, Any], float]:
    """What `siyu nightly --json` says, and how long the command took.

    Raises:
        SystemExit: The night failed; its own message is on standard error, the code is its own.
    """
    started = time.monotonic()
    ended = subprocess.run(
        [
            Path(sys.executable).parent / "siyu",
            "nightly",
            "--json",
            "--mapping",
            data_set.mapping_file,
            "--path",
            data_folder / data_set.folder,
            "--home",
            home,
            *(["--as-of", data_set.as_of] if data_set.as_of else []),
        ],
        stdout=subprocess.PIPE,
        check=False,
    )
    if ended.returncode:
        sys.exit(ended.returncode)
    return json.loads(ended.stdout), time.monotonic() - started


def result_of(data_set: DataSet, data_folder: Path, home: Path) -> Result:
    """Run a night over a data set and ask both sides."""
    return answered(data_set, data_folder, home, *run_night(data_set, data_folder, home))


def answered(
    data_set: DataSet, data_folder: Path, home: Path, night: dict[str, Any], seconds: float
) -> Result:
    """Ask both sides about a night that has been published in a home."""
    landed = next(step for step in night["steps"] if step["name"] == "extract_and_land")
    rows = rows_of_loads(load["resources"] for load in landed["facts"]["loads"])
    independent = independent_answers(data_set, data_folder)
    published = published_answers(data_set, home / "published" / "marts.duckdb")
    return Result(
        data_set=data_set,
        independent=independent,
        rows=rows,
        as_of=night["publication"]["as_of_date"],
        row_comparisons=compare_rows(data_set, independent, rows),
        figure_comparisons=compare_figures(independent, published),
        table_comparisons=compare_tables(independent, published),
        seconds={step["name"]: step["seconds"] for step in night["steps"]},
        whole_night_seconds=seconds,
    )


def main(arguments: list[str]) -> int:
    """Run every data set, write the page, say what differs."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(
            "evidence: expected one folder with the public data sets; make evidence DATA=<folder>",
            file=sys.stderr,
        )
        return 2
    data_folder = Path(arguments[0]).resolve()
    results = []
    for data_set in DATA_SETS:
        print(f"evidence: {data_set.title}", file=sys.stderr)
        folder = Path(tempfile.mkdtemp(prefix="siyu-evidence-"))
        results.append(result_of(data_set, data_folder, folder / "home"))
        shutil.rmtree(folder)
    return report(results)


def report(results: Sequence[Result]) -> int:
    """Write the page and say what differs; the exit code."""
    environment = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"DuckDB {version('duckdb')}, dbt {version('dbt-core')}, Airflow {version('apache-airflow')}"
    )
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(results, environment=environment), encoding="utf-8")
    for result in results:
        for difference in result.differences:
            print(f"evidence: {result.data_set.name}: {difference}", file=sys.stderr)
        print(
            f"evidence: {result.data_set.name}: {len(result.comparisons)} figures, {len(result.differences)} differ,"
            f" {result.whole_night_seconds:.0f} s",
            file=sys.stderr,
        )
    return 1 if any(result.differences for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
