"""Build one run's warehouse file: verified raw views, one dbt build, a record of what was made from what.

Here: the order of these steps. Not here: the lock (opening), dbt's ways (dbt_runner), the verification (landing).
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from duckdb import DuckDBPyConnection

from siyu.clock import local_date
from siyu.engine import connect
from siyu.errors import EnvironmentFaultError, RefusedError, UsageError
from siyu.landing.personal import refuse_half_rekeyed
from siyu.landing.raw_views import RawState, create_raw_views
from siyu.resources import Resource
from siyu.settings import PROJECT, Home, Settings
from siyu.storage import PRIVATE_FILE, make_folder
from siyu.warehouse.dbt_runner import DBT_PROJECT, run_dbt_build
from siyu.warehouse.opening import open_warehouse, prune_warehouses
from siyu.warehouse.parsed import hash_of_project
from siyu.warehouse.published import Published, show_published
from siyu.warehouse.records import Build, Step, dbt_folder, write_build

_READ = re.compile(r"""source\(\s*['"]raw['"],\s*['"](\w+)['"]\s*\)""")
# exact for tables that were written once, as all of a fresh build are
_ROWS_PER_TABLE = "select table_name, estimated_size from duckdb_tables()"


def build_warehouse(
    home: Home,
    settings: Settings,
    *,
    run_id: str,
    as_of: date | None = None,
    declared: Mapping[str, Mapping[str, Resource]] | None = None,
    missing: Sequence[str] = (),
    published: Published | None = None,
    project: Path = DBT_PROJECT,
) -> Build:
    """Rebuild the whole warehouse from raw into a file of this run's own.

    Args:
        home: Where raw is read and `warehouse/<run_id>.duckdb` is written.
        settings: Zone, currency, bounds and overrides of dbt vars.
        run_id: Names the file; a leftover of the same id is replaced.
        as_of: Last business date that counts; None takes the local date of the newest landed order.
        declared: Resources of the API channels that this home has, by channel and name.
        missing: What was not there in time and is built without; goes on record.
        published: What readers see: events of members are told against it. None: there is nothing to compare with.
        project: Folder of the dbt project.

    Raises:
        LockedError: Another run is writing.
        DamagedFileError: A landed file is not what was registered; dbt was not started.
        EnvironmentFaultError: The home is being re-keyed, or that was cut off; or members are to be matched without
            Splink.
        RefusedError: No model reads what landed, a model did not build or a test failed. The file stays for inspection,
            without a record.
        UsageError: No order has landed and no `as_of` was given, or the dbt project does not parse.
    """
    _refuse_unmatched(settings)
    folder = dbt_folder(home, run_id)
    with open_warehouse(home, settings, run_id=run_id) as warehouse:
        refuse_half_rekeyed(home)
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        with connect(warehouse, settings=settings) as connection:
            warehouse.chmod(PRIVATE_FILE)
            raw = show_sources(connection, home, declared=declared, published=published)
        _refuse_unread(raw, project)
        as_of_date = as_of or _newest_day(raw, settings)
        variables = {
            "as_of_date": as_of_date.isoformat(),
            "business_timezone": settings.business_timezone,
            "reporting_currency": settings.reporting_currency,
            "channels": raw.channels,
            "match_members": settings.match_members,
        }
        steps = run_dbt_build(
            warehouse,
            folder,
            settings,
            variables=settings.dbt_vars | variables,
            project=project,
        )
        with connect(warehouse, settings=settings) as connection:
            connection.execute("checkpoint")
            rows = dict(connection.execute(_ROWS_PER_TABLE).fetchall())
        build = Build(
            run_id=run_id,
            path=warehouse,
            as_of_date=as_of_date,
            load_ids=raw.load_ids,
            missing=tuple(missing),
            code_revision=code_revision(),
            steps=tuple(_with_rows(steps, rows)),
        )
        write_build(home, build)
        prune_warehouses(home, settings)
    return build


def show_sources(
    connection: DuckDBPyConnection,
    home: Home,
    *,
    declared: Mapping[str, Mapping[str, Resource]] | None = None,
    published: Published | None = None,
) -> RawState:
    """Make all that dbt's sources name, in schema `raw`: what has landed, and what readers see.

    Raises:
        DamagedFileError: As `create_raw_views`.
    """
    raw = create_raw_views(connection, home, declared=declared)
    show_published(connection, published)
    return raw


def code_revision(project: Path = PROJECT) -> str:
    """Commit of the checkout and a hash over the dbt project's files, so that an edit not committed shows.

    `<commit>` is "none" outside a git checkout or before its first commit.
    """
    commit = "none"
    if (project / ".git").exists() and (git := shutil.which("git")):
        answer = subprocess.run(
            [git, "-C", str(project), "rev-parse", "--verify", "--quiet", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
        commit = answer.stdout.strip()[:12] or "none"
    return f"{commit}+dbt.{hash_of_project(project / DBT_PROJECT.name)[:12]}"


def tables_read(project: Path = DBT_PROJECT) -> set[str]:
    """The tables of schema `raw` that models of a project name as their source."""
    texts = [file.read_text(encoding="utf-8") for file in (project / "models").rglob("*.sql")]
    return {name for text in texts for name in _READ.findall(text)}


def _refuse_unread(raw: RawState, project: Path) -> None:
    """What no model reads would be published as nothing: a channel whose staging is not written yet."""
    if unread := set(raw.landed) - tables_read(project):
        raise RefusedError(
            f"no model reads {', '.join(sorted(unread))}, which landed",
            expected="a staging model for every resource that lands",
            do="write it (docs/how-to/add-a-channel.md, step 5), or leave its stream out: read: false in channels.yml",
        )


def _refuse_unmatched(settings: Settings) -> None:
    """A model that cannot import what it needs would fail in the middle of the night."""
    if settings.match_members and find_spec("splink") is None:
        raise EnvironmentFaultError(
            "match_members is on, but Splink is not installed",
            expected="the extra siyu[fuzzy]",
            do="pip install 'siyu[fuzzy]' (in a checkout: uv sync --extra fuzzy), or set match_members: false",
        )


def _newest_day(raw: RawState, settings: Settings) -> date:
    if raw.newest_order_at is None:
        raise UsageError(
            "no order has landed yet, so there is no last business day",
            expected="an order, or a date to count up to",
            do="land a file with orders, or pass --as-of DATE",
        )
    return local_date(raw.newest_order_at, settings.business_timezone)


def _with_rows(steps: Sequence[Step], rows: dict[str, int]) -> list[Step]:
    """Give models and seeds that are tables their number of rows; dbt-duckdb does not report it."""
    return [step if step.kind == "test" else replace(step, rows=rows.get(step.name)) for step in steps]
