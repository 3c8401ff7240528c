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
import yaml

from siyu.channels.catalogue import declared
from siyu.resources import RESOURCES, raw_columns
from siyu.settings import PROJECT

DBT_PROJECT = PROJECT / "dbt_project"


@dataclass(frozen=True, kw_only=True)
class DbtBuild:
    """What one `dbt build` left: the database and one result per node, by name."""

    database: Path
    results: Mapping[str, Mapping[str, Any]]
    output: str


def landed_tables() -> dict[str, dict[str, str]]:
    """Columns of `<channel>__<resource>` for all that can land, with their types."""
    channels = {"files": RESOURCES} | declared()
    return {
        f"{channel}__{resource.name}": raw_columns(resource)
        for channel, resources in channels.items()
        for resource in resources.values()
    }


def source_tables() -> dict[str, dict[str, str]]:
    """Columns of every table in schema `raw` that the project's sources declare, with their types."""
    sources = [
        source
        for file in sorted((DBT_PROJECT / "models" / "sources").glob("*.yml"))
        for source in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["sources"]
    ]
    assert {source["schema"] for source in sources} == {"raw"}
    return {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for source in sources
        for table in source["tables"]
    }


def create_raw_views(database: Path) -> None:
    """Create every source as an empty table, what can land with the columns that landing would give it."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema raw")
        for table, types in (source_tables() | landed_tables()).items():
            columns = ", ".join(f'"{name}" {type_}' for name, type_ in types.items())
            connection.execute(f"create table raw.{table} ({columns})")


def dbt_build(folder: Path, *arguments: str, as_of_date: str, **environment: str) -> DbtBuild:
    """Run `dbt build` over the raw tables in `folder/warehouse.duckdb`, in a process of its own."""
    database = folder / "warehouse.duckdb"
    completed = subprocess.run(
        [
            *(sys.executable, "-m", "tests.models.dbt_parsed"),
            "build",
            *arguments,
            "--no-use-colors",
            *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
            *("--vars", json.dumps({"as_of_date": as_of_date})),
        ],
        cwd=PROJECT,
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
