"""One dbt build inside this process: quiet, offline, and without traces in the process afterwards.

Here: how dbt is called and what its results mean. Not here: the models (dbt_project), the file they fill.
"""

import gc
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from siyu.errors import RefusedError, UsageError
from siyu.settings import PROJECT, Settings
from siyu.warehouse.parsed import find_parsed, keep_parsed, parsed_file
from siyu.warehouse.records import Step

DBT_PROJECT = PROJECT / "dbt_project"
# the keys of staging hold by how its SQL ranks versions: seen to when somebody edits it, not every night
_OF_STAGING = "test_type:generic,path:models/staging"
_BROKEN = {"error", "fail", "runtime error"}
_NAMED_IN_A_MESSAGE = 5
_NULL_COLUMN = re.compile(r"NOT NULL constraint failed: (?:\w+\.)*(\w+)")


def run_dbt_build(
    warehouse: Path,
    folder: Path,
    settings: Settings,
    *,
    variables: Mapping[str, object],
    project: Path = DBT_PROJECT,
) -> list[Step]:
    """Build seeds, models and snapshots and run their data tests; unit tests and those of staging belong to the suite.

    Args:
        warehouse: DuckDB file that holds the raw views; nobody may have it open.
        folder: Gets `target/` and `logs/`.
        settings: Bounds of memory and threads.
        variables: dbt vars; ISO text for dates.
        project: Folder of dbt_project.yml and profiles.yml.

    Raises:
        RefusedError: A model did not build or a test failed. Names and counts only: values stay in the log.
        UsageError: The project itself is broken (it does not parse); dbt's own words say where.
    """
    # dbt takes three seconds to import and changes global state when it does
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    target, parsed = folder / "target", parsed_file(project, variables)
    arguments = [
        *(
            "--quiet",
            "--log-level",
            "none",
            "--log-level-file",
            "info",
            "--log-path",
            str(folder / "logs"),
            "--no-use-colors",
        ),
        *("--no-send-anonymous-usage-stats", "--no-partial-parse", "--no-version-check"),
        *("build", "--exclude-resource-types", "unit_test", "--exclude", _OF_STAGING),
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(target), "--vars", json.dumps(dict(variables))),
    ]
    environment = {
        "SIYU_WAREHOUSE_PATH": str(warehouse),
        "SIYU_DUCKDB_MEMORY_LIMIT": settings.duckdb_memory_limit,
        "SIYU_DUCKDB_THREADS": str(settings.duckdb_threads),
    }
    with _process_as_it_was(environment):
        manifest = find_parsed(parsed, warehouse.stem)
        gc.freeze()  # none of it is garbage before the build ends: looking through it takes a twentieth of the time
        try:
            answer = dbtRunner(manifest=manifest).invoke(arguments)
        finally:
            gc.unfreeze()
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    keep_parsed(parsed, target)
    log = folder / "logs" / "dbt.log"
    results = getattr(answer.result, "results", None)
    if results is None:
        raise UsageError(
            f"dbt did not start the build: {answer.exception or 'no reason given'}",
            expected=f"a project that parses in {project}",
            do=f"read {log}",
        )
    steps = [_step(result) for result in results]
    _refuse_broken(steps, {result.node.name: result.message or "" for result in results}, log)
    if not answer.success:  # nothing is marked broken and yet dbt is not content: never take that for a pass
        raise RefusedError("dbt reports a failed build without naming a node", do=f"read {log}")
    return steps


def _step(result: Any) -> Step:
    node = result.node
    began = min((part.started_at for part in result.timing if part.started_at), default=None)
    return Step(
        name=node.name,
        kind=str(node.resource_type),
        status=str(result.status),
        seconds=round(result.execution_time, 3),
        rows=result.failures,
        started_at=began.replace(tzinfo=UTC).isoformat()
        if began
        else None,  # dbt's moments are naive, in UTC
    )


def _refuse_broken(steps: Sequence[Step], messages: Mapping[str, str], log: Path) -> None:
    broken = [step for step in steps if step.status in _BROKEN]
    if not broken:
        return
    named = [
        f"{step.kind} {step.name}{_why(step, messages[step.name])}" for step in broken[:_NAMED_IN_A_MESSAGE]
    ]
    if len(broken) > _NAMED_IN_A_MESSAGE:
        named.append(f"{len(broken) - _NAMED_IN_A_MESSAGE} more")
    raise RefusedError(
        f"{len(broken)} of {len(steps)} dbt nodes failed: {', '.join(named)}",
        expected="every model to build and every test to pass",
        do=f"read {log}",
    )


def _why(step: Step, message: str) -> str:
    """How many rows failed a test, or which column of a contract is null: all that may be told of a message."""
    if null := _NULL_COLUMN.search(message):
        return f" (null in {null[1]})"
    return f" ({step.rows} rows)" if step.kind == "test" and step.rows else ""


@contextmanager
def _process_as_it_was(environment: Mapping[str, str]) -> Iterator[None]:
    """Run dbt with this environment, without any `DBT_…` of the caller, and give back variables and folder."""
    before = dict(os.environ)
    folder = Path.cwd()
    try:
        for name in before:
            if name.startswith("DBT_"):
                del os.environ[name]
        os.environ.update(environment)
        os.environ.update({"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"})
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)
