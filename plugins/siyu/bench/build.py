"""One dbt build in one process against one process per model, as a task per model would start.

Here: starting dbt both ways over the same raw files. Not here: how siyu builds (warehouse).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from siyu.engine import connect
from siyu.landing.records import FILES_CHANNEL
from siyu.settings import PROJECT, Home, Settings, load_settings
from siyu.warehouse import show_sources

DBT_PROJECT = PROJECT / "dbt_project"
_CHANNELS = [FILES_CHANNEL]  # others are not measured
CAUTIOUS = ("--indirect-selection", "cautious")  # a test runs when all that it looks at is selected


@dataclass(frozen=True, kw_only=True)
class BuildFigures:
    """Seconds of wall time for the same models and tests over the same raw files."""

    models: int
    one_build_seconds: float
    build_per_model_seconds: float
    ratio: float


def measure_builds(home: Home, as_of: str) -> BuildFigures:
    """Build the raw files of a home both ways, in a temporary folder.

    Args:
        home: Whose raw files are built; nothing in it changes.
        as_of: Last business day, ISO 8601.
    """
    settings = load_settings(home)
    with tempfile.TemporaryDirectory() as folder:
        one, models = _one_build(home, settings, Path(folder), as_of)
        each = _build_per_model(home, settings, Path(folder), as_of, models)
    return BuildFigures(
        models=len(models), one_build_seconds=one, build_per_model_seconds=each, ratio=round(each / one, 1)
    )


def _one_build(home: Home, settings: Settings, folder: Path, as_of: str) -> tuple[float, list[str]]:
    warehouse = _fresh_warehouse(home, settings, folder / "one.duckdb")
    seconds = _dbt(warehouse, folder / "one", settings, as_of)
    manifest = json.loads((folder / "one" / "manifest.json").read_text(encoding="utf-8"))
    results = json.loads((folder / "one" / "run_results.json").read_text(encoding="utf-8"))["results"]
    built = [result["unique_id"] for result in results]  # in the order in which they could be built
    return seconds, [manifest["nodes"][name]["name"] for name in built if name.startswith("model.")]


def _build_per_model(home: Home, settings: Settings, folder: Path, as_of: str, models: list[str]) -> float:
    warehouse = _fresh_warehouse(home, settings, folder / "each.duckdb")
    target = folder / "each"
    seconds = _dbt(warehouse, target, settings, as_of, "--select", "resource_type:seed", *CAUTIOUS)
    for model in models:
        seconds += _dbt(warehouse, target, settings, as_of, "--select", model, *CAUTIOUS)
    return round(seconds, 1)


def _fresh_warehouse(home: Home, settings: Settings, path: Path) -> Path:
    with connect(path, settings=settings) as connection:
        show_sources(connection, home)
    return path


def _dbt(warehouse: Path, target: Path, settings: Settings, as_of: str, *selection: str) -> float:
    """Seconds of one dbt process; the parsed project in `target` is used again."""
    variables = settings.dbt_vars | {
        "channels": _CHANNELS,
        "as_of_date": as_of,
        "business_timezone": settings.business_timezone,
        "reporting_currency": settings.reporting_currency,
    }
    started = time.monotonic()
    subprocess.run(
        [
            *(str(Path(sys.executable).parent / "dbt"), "--quiet", "build"),
            *("--exclude-resource-types", "unit_test", *selection),
            *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
            *("--target-path", str(target), "--log-path", str(target)),
            *("--vars", json.dumps(variables)),
        ],
        env=os.environ | {"SIYU_WAREHOUSE_PATH": str(warehouse), "DO_NOT_TRACK": "1"},
        check=True,
    )
    return round(time.monotonic() - started, 1)
