"""A whole night in one command: the same DAGs as in production, one after another, in an Airflow home of its own."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from siyu.channels.files import load_mapping
from siyu.clock import utc_now
from siyu.errors import ExitCode, SiyuError, UsageError
from siyu.orchestration.airflow_home import airflow_environment
from siyu.orchestration.alerts import tell_lost_night
from siyu.orchestration.files import no_files
from siyu.orchestration.journal import Step, read_steps
from siyu.publication import PublicationSummary, summarise
from siyu.settings import FileSource, Home, Settings, load_settings, save_settings
from siyu.state.locks import hold
from siyu.storage import make_folder, write_json

DAGS_OF_A_NIGHT = ("ingest_files", "transform_warehouse", "publish_marts", "maintain_warehouse")
POLL_SECONDS = 0.2


class NightFailedError(SiyuError):
    """A step of the night failed; the exit code is that of the step's error."""

    def __init__(self, message: str, *, exit_code: int, log: Path) -> None:
        super().__init__(message, do=f"the log of the night is {log}")
        self.exit_code = ExitCode(exit_code)


@dataclass(frozen=True, kw_only=True)
class Night:
    """What a night did: its steps with their seconds, and the publication that stands after it."""

    run_id: str
    steps: list[Step]
    publication: PublicationSummary
    is_new: bool
    log: Path


def run_night(
    home: Home,
    sources: list[FileSource],
    *,
    as_of: date | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Night:
    """Run ingest, transform, publish and maintain over the given files, or over those of `siyu.yml`.

    A home that has no settings yet takes its business time zone and reporting currency from the first mapping.
    A second night in the same home waits for the first (`lock_wait_seconds`).

    Args:
        home: Where state lives; made when absent.
        sources: Pairs of mapping and path; empty means the `files` of `siyu.yml`.
        as_of: Last complete business day; None means the day of the newest landed order.
        on_step: Called with each step as it ends.

    Raises:
        UsageError: No source is given, and the home has none in its settings.
        NightFailedError: A step failed; what was published before stands.
        LockedError: Another night holds this home.
    """
    if not sources and not home.settings_file.exists():
        raise no_files(home)  # before a mistyped --home is made into one
    home.create()
    settings = _settings_of(home, sources)
    run_id = f"{utc_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    with hold(home.state / "nightly.lock", run_id=run_id, wait_seconds=settings.lock_wait_seconds):
        return _run(home, sources, run_id, as_of, on_step)


def _settings_of(home: Home, sources: list[FileSource]) -> Settings:
    if not home.settings_file.exists() and sources:
        mapping = load_mapping(sources[0].mapping)
        known = {"business_timezone": mapping.timezone, "reporting_currency": mapping.reporting_currency}
        save_settings(home, {key: value for key, value in known.items() if value is not None})
    return load_settings(home)


def _run(
    home: Home, sources: list[FileSource], run_id: str, as_of: date | None, on_step: Callable[[Step], None]
) -> Night:
    folder = make_folder(home.runs / run_id)
    plan, log = folder / "plan.json", folder / "night.log"
    write_json(plan, _plan(sources, run_id, as_of))
    make_folder(home.nightly)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "siyu.orchestration.dag_runner", str(plan)],
            env=airflow_environment(home, home.nightly),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            _follow(process, home, run_id, on_step)
        finally:
            process.kill()  # no-op when it has ended; an interrupted command leaves no night behind
            process.wait()
    steps = read_steps(home, run_id)
    failed = next((step for step in steps if step.error), None)
    published = next((step.facts for step in steps if step.name == "publish" and not step.error), None)
    if failed is not None and failed.error is not None:
        stands = f"; publication {published['publication']} is published all the same" if published else ""
        raise NightFailedError(failed.error["message"] + stands, exit_code=failed.error["exit_code"], log=log)
    if process.returncode:
        found = f"the night ended with {process.returncode} outside its steps"
        tell_lost_night(home, run_id, found)
        raise NightFailedError(found, exit_code=ExitCode.UNEXPECTED, log=log)
    return Night(
        run_id=run_id,
        steps=steps,
        publication=summarise(home),
        is_new=bool(published and published["new"]),
        log=log,
    )


def _plan(sources: list[FileSource], run_id: str, as_of: date | None) -> list[dict[str, object]]:
    pairs = [{"mapping": str(s.mapping.resolve()), "path": str(s.path.resolve())} for s in sources]
    confs: dict[str, dict[str, object]] = {dag_id: {"run_id": run_id} for dag_id in DAGS_OF_A_NIGHT}
    confs["ingest_files"]["sources"] = pairs
    confs["transform_warehouse"]["as_of_date"] = as_of.isoformat() if as_of else None
    return [{"dag_id": dag_id, "conf": conf} for dag_id, conf in confs.items()]


def _follow(
    process: "subprocess.Popen[bytes]", home: Home, run_id: str, on_step: Callable[[Step], None]
) -> None:
    """Report each step as it ends, until the process does."""
    seen = 0
    running = True
    while running:
        try:
            process.wait(timeout=POLL_SECONDS)
            running = False
        except subprocess.TimeoutExpired:
            pass
        steps = read_steps(home, run_id)
        for step in steps[seen:]:
            on_step(step)
        seen = len(steps)


def parse_sources(mappings: list[Path], paths: list[Path]) -> list[FileSource]:
    """Pair `--mapping` and `--path` in the order given.

    Raises:
        UsageError: Their numbers differ, or one of them is not there.
    """
    if len(mappings) != len(paths):
        raise UsageError(
            f"{len(mappings)} --mapping and {len(paths)} --path",
            expected="one --path for each --mapping",
            do="repeat both, in pairs",
        )
    for path in (*mappings, *paths):
        if not path.exists():
            raise UsageError(
                f"{path} is not there", expected="a mapping, file or folder", do="check its name"
            )
    return [FileSource(mapping=mapping, path=path) for mapping, path in zip(mappings, paths, strict=True)]
