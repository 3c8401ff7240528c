"""Run dbt over raw tables that nothing landed in, and read what it said."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.resources import RESOURCES, raw_columns
from siyu.settings import PROJECT

DBT_PROJECT = PROJECT / "dbt_project"


@dataclass(frozen=True, kw_only=True)
class DbtBuild:
    """What one `dbt build` left: the database and one result per node, by name."""

    database: Path
    results: Mapping[str, Mapping[str, Any]]
    output: str


def create_raw_views(database: Path) -> None:
    """Create an empty `raw.files__<resource>` with the columns that landing would give it."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema raw")
        for resource in RESOURCES.values():
            columns = ", ".join(f'"{name}" {type_}' for name, type_ in raw_columns(resource).items())
            connection.execute(f"create table raw.files__{resource.name} ({columns})")


def dbt_build(folder: Path, *arguments: str, as_of_date: str, **environment: str) -> DbtBuild:
    """Run `dbt build` over the raw tables in `folder/warehouse.duckdb`, in a process of its own."""
    database = folder / "warehouse.duckdb"
    completed = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            "build",
            *arguments,
            "--no-use-colors",
            *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
            *("--vars", json.dumps({"as_of_date": as_of_date})),
        ],
        env=os.environ
        | {"SIYU_WAREHOUSE_PATH": str(database), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    results_file = folder / "target" / "run_results.json"
    if not results_file.exists():
        pytest.fail(f"dbt did not run:\n{completed.stdout}\n{completed.stderr}")
    results = json.loads(results_file.read_text(encoding="utf-8"))["results"]
    return DbtBuild(
        database=database,
        results={result["unique_id"].split(".")[-1]: result for result in results},
        output=completed.stdout,
    )


def failures(build: DbtBuild) -> list[str]:
    """Nodes that did not succeed, with what dbt says of them."""
    return [
        f"{result['unique_id']}: {result['status']}: {result['message']}"
        for result in build.results.values()
        if result["status"] not in ("success", "pass")
    ]
