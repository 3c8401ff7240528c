"""`siyu bench …`: figures that a choice rests on, both sides measured in one run on this machine."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from siyu.cli.options import JsonOption
from siyu.cli.terminal import print_result
from siyu.settings import PROJECT, Home, Settings, find_home, load_settings

app = typer.Typer(no_args_is_help=True)

DBT_PROJECT = PROJECT / "dbt_project"
CAUTIOUS = ("--indirect-selection", "cautious")  # a test runs when all that it looks at is selected


@dataclass(frozen=True, kw_only=True)
class BuildFigures:
    """Seconds of wall time for the same models and tests over the same raw files."""

    models: int
    one_build_seconds: float
    build_per_model_seconds: float
    ratio: float


@app.callback()
def about() -> None:
    """Figures that a choice rests on, both sides measured in one run on this machine."""


@app.command("build")
def build(
    as_of: Annotated[str, typer.Option("--as-of", help="Last business day, e.g. 2025-12-31.")],
    *,
    home: Annotated[Path | None, typer.Option("--home", help="Whose raw files are built.")] = None,
    as_json: JsonOption = False,
) -> None:
    """One dbt build in one process against one process per model, as a task per model would start.

    Example: siyu bench build --home .siyu/demo/home --as-of 2025-12-31
    """
    found = find_home(home)
    settings = load_settings(found)
    with tempfile.TemporaryDirectory() as folder:
        one, models = _one_build(found, settings, Path(folder), as_of)
        each = _build_per_model(found, settings, Path(folder), as_of, models)
    figures = BuildFigures(
        models=len(models), one_build_seconds=one, build_per_model_seconds=each, ratio=round(each / one, 1)
    )
    words = (
        f"{figures.models} models: one build {one:.1f} s, one process per model {each:.1f} s, "
        f"{figures.ratio:.1f} times as long"
    )
    print_result(figures, words, as_json=as_json)


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
    from siyu.engine import connect
    from siyu.landing import create_raw_views

    with connect(path, settings=settings) as connection:
        create_raw_views(connection, home)
    return path


def _dbt(warehouse: Path, target: Path, settings: Settings, as_of: str, *selection: str) -> float:
    """Seconds of one dbt process; the parsed project in `target` is used again."""
    variables = settings.dbt_vars | {
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
