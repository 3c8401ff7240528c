"""A night three ways over the same landed files: through Airflow, siyu's steps directly, and as one file of plain SQL.

Each run starts in a copy of a home in which everything has landed and nothing was ever published. The directly run
steps, the whole night and the plain script are programs of their own, measured with all that they start. The tables
of the plain script must equal siyu's, row for row, or there are no figures.

Here: what runs, in which order, and whether the tables are equal. Not here: the programs (steps, plain), the counters
(measure).
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from siyu.bench.figures import NightFigures, Side
from siyu.bench.generated import LAST_FILE, LOG_MAPPING, write_log
from siyu.bench.measure import Cost, machine, python_program, run_measured
from siyu.channels.files import load_mapping
from siyu.clock import utc_now
from siyu.engine import connect
from siyu.errors import RefusedError, UsageError
from siyu.landing import create_raw_views
from siyu.orchestration.airflow_home import airflow_environment
from siyu.publication import current_publication
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Manifest, read_manifest
from siyu.settings import Home, Settings, load_settings, save_settings
from siyu.storage import make_folder, read_json, write_json
from siyu.warehouse.build import code_revision

STEPS_OF_A_NIGHT = ("build", "export", "audit", "publish")


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What a night is measured over.

    tonight: the file or folder that the night itself reads; it has landed, as all of `path` has.
    """

    name: str
    mapping: Path
    path: Path
    tonight: Path


def generated_data_set(folder: Path, *, orders: int, members: int, seed: int = 1) -> DataSet:
    """A generated log in `folder`, which is taken as it is when it is complete; a night reads its costs again."""
    log = (
        folder
        if (folder / LAST_FILE).exists()
        else write_log(folder, orders=orders, members=members, seed=seed)
    )
    name = f"generated, {orders:,} orders of {members:,} members"
    return DataSet(name=name, mapping=LOG_MAPPING, path=log, tonight=log / LAST_FILE)


def data_set_of_files(mapping: Path, path: Path) -> DataSet:
    """Files of one's own; a night reads all of them again.

    Raises:
        UsageError: One of them is not there.
    """
    for needed in (mapping, path):
        if not needed.exists():
            raise UsageError(
                f"{needed} is not there", expected="a mapping and what it reads", do="check its name"
            )
    return DataSet(name=load_mapping(mapping).name, mapping=mapping, path=path, tonight=path)


def measure_night(data: DataSet, folder: Path, *, runs: int, with_airflow: bool) -> NightFigures:
    """Land once, then run each side `runs` times, in turn, so that a busy minute meets all of them.

    Args:
        data: What to measure over.
        folder: Gets the homes, a few times the size of the data. What it holds of an earlier measurement over the same
            data is taken again: the landed home.
        runs: How often each side runs; the figures are those of the run in the middle.
        with_airflow: Whether the night through Airflow is measured.

    Raises:
        RefusedError: A table of the plain script is not siyu's; the message names it. Or the audit refused.
        EnvironmentFaultError: A side did not run to its end; the message says how it ended.
    """
    landed, landing = _landed_home(data, folder)
    if with_airflow:
        _prepare_airflow(landed, folder)
    directly, plain, airflow, again = [], [], [], []
    for number in range(runs):
        with _copied(landed, folder / "home") as home:
            directly.append(_run_directly(home, data, folder, STEPS_OF_A_NIGHT))
            manifest, rows = _published(home)
            plain.append(run_plain(home, manifest, folder))
            if number == 0:
                check_equal(manifest, folder / "plain", load_settings(home))
        if with_airflow:
            with _copied(landed, folder / "home") as home:
                again.append(_run_directly(home, data, folder, ("land", *STEPS_OF_A_NIGHT)))
            with _copied(landed, folder / "home") as home:
                airflow.append(_run_through_airflow(home, data, folder))
    return NightFigures(
        data_set=data.name,
        orders=rows["fct_orders"],
        members=rows["dim_members"],
        rows=rows,
        machine=machine(load_settings(landed)),
        measured_at=utc_now().date().isoformat(),
        code_revision=code_revision(),
        landing=landing,
        landed_bytes=_bytes_under(landed.raw),
        directly=_middle(directly),
        plain=_middle(plain),
        through_airflow=_middle(airflow) if airflow else None,
        directly_with_landing=_middle(again) if again else None,
    )


def check_equal(manifest: Manifest, folder: Path, settings: Settings) -> None:
    """Compare the Parquet files of the plain script with what siyu published: columns, types and rows.

    Raises:
        RefusedError: A table differs; every one that does is named.
    """
    different = []
    with connect(settings=settings) as connection:
        for name, table in manifest.models.items():
            file = folder / f"{name}.parquet"
            if not file.exists():
                different.append(f"{name} is missing")
                continue
            found = connection.read_parquet(str(file))
            shape = dict(zip(found.columns, map(str, found.types), strict=True))
            if shape != {column.name: column.type for column in table.schema}:
                different.append(f"{name} has other columns or types")
            elif (checksum := checksum_of(found, table.columns)[1]) != table.checksum:
                different.append(f"{name} is {checksum} instead of {table.checksum}")
    if different:
        raise RefusedError(
            f"the plain script does not make the tables that siyu publishes: {'; '.join(different)}",
            expected="the same rows in every table",
            do="mend bench/plain_night.sql, or the models",
        )


def _landed_home(data: DataSet, folder: Path) -> tuple[Home, Cost]:
    """A home in which all of the data has landed, and what that cost; one that the folder has is taken again."""
    home, kept = Home(folder / "landed"), folder / "landed.json"
    if kept.exists():
        landed = read_json(kept)
        if landed["data_set"] != data.name:
            raise UsageError(f"{folder} holds {landed['data_set']}", do="name another folder with --work")
        return home, Cost(**landed["cost"])
    mapping = load_mapping(data.mapping)
    known = {"business_timezone": mapping.timezone, "reporting_currency": mapping.reporting_currency}
    save_settings(home.create(), {key: value for key, value in known.items() if value is not None})
    sources = json.dumps([{"mapping": str(data.mapping.resolve()), "path": str(data.path.resolve())}])
    cost, _ = run_measured(
        python_program("siyu.bench.steps", home.root, sources, "land"),
        folder=folder,
        environment=_with_compiled_python(os.environ),
    )
    write_json(kept, {"data_set": data.name, "cost": asdict(cost)})
    return home, cost


def _prepare_airflow(home: Home, folder: Path) -> None:
    """Make Airflow's metadata database once, as the first night of a home does."""
    make_folder(home.nightly)
    run_measured(
        python_program("siyu.orchestration.dag_runner", "prepare"),
        folder=folder,
        environment=_with_compiled_python(airflow_environment(home, home.nightly)),
    )


def _run_directly(
    home: Home, data: DataSet, folder: Path, steps: tuple[str, ...]
) -> tuple[Cost, dict[str, float]]:
    sources = json.dumps([{"mapping": str(data.mapping.resolve()), "path": str(data.tonight.resolve())}])
    cost, said = run_measured(
        python_program("siyu.bench.steps", home.root, sources, *steps),
        folder=folder,
        environment=_with_compiled_python(os.environ),
    )
    return cost, json.loads(said)


def _run_through_airflow(home: Home, data: DataSet, folder: Path) -> tuple[Cost, dict[str, float]]:
    cost, said = run_measured(
        [
            *(str(Path(sys.executable).parent / "siyu"), "nightly", "--json", "--home", str(home)),
            *("--mapping", str(data.mapping.resolve()), "--path", str(data.tonight.resolve())),
        ],
        folder=folder,
        environment=_with_compiled_python(os.environ),
    )
    return cost, {step["name"]: step["seconds"] for step in json.loads(said)["steps"]}


def run_plain(home: Home, manifest: Manifest, folder: Path) -> tuple[Cost, dict[str, float]]:
    """Run the plain script over the raw rows of a home, up to the day of a manifest.

    Its Parquet files and its database are in `folder / "plain"` afterwards, which is made anew.
    """
    settings, output = load_settings(home), folder / "plain"
    shutil.rmtree(output, ignore_errors=True)
    make_folder(output)
    with connect(output / "plain.duckdb", settings=settings) as connection:
        create_raw_views(connection, home)
    cost, said = run_measured(
        python_program(
            "siyu.bench.plain",
            *(output / "plain.duckdb", manifest.as_of_date.isoformat()),
            *(settings.business_timezone, settings.reporting_currency),
            *(settings.duckdb_memory_limit, str(settings.duckdb_threads)),
        ),
        folder=output,
        environment=_with_compiled_python(os.environ),
    )
    return cost, json.loads(said)


def _published(home: Home) -> tuple[Manifest, dict[str, int]]:
    publication = current_publication(home)
    if publication is None:
        raise UsageError("the night published nothing", do=f"look at {home}")
    manifest = read_manifest(publication.folder)
    return manifest, {name: table.rows for name, table in manifest.models.items()}


@contextmanager
def _copied(landed: Home, target: Path) -> Iterator[Home]:
    """A copy of a landed home for one run. What landed is linked: nobody edits it."""

    def link_or_copy(source: str, copy: str) -> None:
        written_once = Path(source).is_relative_to(landed.raw) or Path(source).is_relative_to(landed.vault)
        (os.link if written_once else shutil.copy2)(source, copy)

    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(landed.root, target, copy_function=link_or_copy)
    yield Home(target)
    shutil.rmtree(target)


def _with_compiled_python(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, with compiled Python kept between runs: no server compiles Airflow anew every night."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _middle(runs: list[tuple[Cost, dict[str, float]]]) -> Side:
    costs = [cost for cost, _ in runs]
    in_the_middle = sorted(runs, key=lambda run: run[0].wall_seconds)[len(runs) // 2]
    return Side(
        wall_seconds=round(median(cost.wall_seconds for cost in costs), 2),
        cpu_seconds=round(median(cost.cpu_seconds for cost in costs), 2),
        peak_memory_bytes=max(cost.peak_memory_bytes for cost in costs),
        written_bytes=int(median(cost.written_bytes for cost in costs)),
        runs=costs,
        parts=in_the_middle[1],
    )


def _bytes_under(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
