"""What a build leaves on record in its run's folder, so that a later process can export and judge it."""

import re
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from siyu.errors import UsageError
from siyu.settings import Home
from siyu.storage import read_json, write_json

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+~-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One node of a build: `rows` are the rows of a table, or the failing rows of a test; None for a view."""

    name: str
    kind: str  # dbt's resource type: seed, model, test …
    status: str  # dbt's word: success, pass, warn, error, fail, skipped …
    seconds: float
    rows: int | None
    started_at: str | None = None  # ISO 8601, UTC; None for a node that did not run


@dataclass(frozen=True, kw_only=True)
class Build:
    """A finished warehouse file and what it was made from."""

    run_id: str
    path: Path
    as_of_date: date
    load_ids: tuple[str, ...]
    code_revision: str  # "<commit>+dbt.<hash of the dbt project's files>"
    steps: tuple[Step, ...]
    missing: tuple[str, ...] = ()  # streams that were not there in time: `channel/account/stream`


def checked_run_id(run_id: str) -> str:
    """The run id, which names files and folders of the home.

    Raises:
        UsageError: It is empty, longer than 200 characters, or could lead out of its folder.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"run id {run_id!r}",
            expected="a letter or digit, then letters, digits and . _ : + ~ - (200 at most)",
            do="name the run differently",
        )
    return run_id


def dbt_folder(home: Home, run_id: str) -> Path:
    """Where dbt writes of this run: `target/` (manifest, compiled SQL) and `logs/`."""
    return home.runs / checked_run_id(run_id) / "dbt"


def build_file(home: Home, run_id: str) -> Path:
    """The record of a finished build; absent while it runs and after it failed."""
    return home.runs / checked_run_id(run_id) / "build.json"


def write_build(home: Home, build: Build) -> None:
    """Register a finished build."""
    write_json(build_file(home, build.run_id), asdict(build))


def read_build(home: Home, run_id: str) -> Build:
    """The finished build of a run.

    Raises:
        UsageError: The run has no finished build, or its warehouse file has been removed since.
    """
    record = build_file(home, run_id)
    path = home.warehouses / f"{run_id}.duckdb"
    if not record.exists() or not path.exists():
        raise UsageError(
            f"run {run_id} has no finished warehouse in {home}",
            expected=str(path),
            do="build one: siyu nightly",
        )
    content = read_json(record)
    return Build(
        run_id=content["run_id"],
        path=path,
        as_of_date=date.fromisoformat(content["as_of_date"]),
        load_ids=tuple(content["load_ids"]),
        code_revision=content["code_revision"],
        steps=tuple(Step(**step) for step in content["steps"]),
        missing=tuple(content.get("missing", ())),
    )
