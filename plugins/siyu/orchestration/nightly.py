"""A whole night in one command: the same DAGs as in production, one after another, in an Airflow home of its own."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from siyu.channel_settings import CHANNELS
from siyu.channels.configured import load_channels
from siyu.channels.files import load_mapping
from siyu.clock import local_date, utc_now
from siyu.errors import ExitCode, SiyuError, UsageError
from siyu.orchestration.alerts import tell_lost_night
from siyu.orchestration.files import give_sources, no_files
from siyu.orchestration.journal import Step, read_steps
from siyu.orchestration.runner import DagRunner
from siyu.publication import PublicationSummary, summarise
from siyu.settings import FileSource, Home, Settings, load_settings, save_settings
from siyu.state.locks import hold
from siyu.storage import make_folder


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
    business_date: date | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
    runner: DagRunner | None = None,
) -> Night:
    """Run ingest, transform, publish and maintain over the given files, or over those of `siyu.yml`, and the channels
    of `channels.yml`.

    A home that has no settings yet takes its business time zone and reporting currency from the first mapping.
    A second night in the same home waits for the first (`lock_wait_seconds`).

    Args:
        home: Where state lives; made when absent.
        sources: Pairs of mapping and path; empty means the `files` of `siyu.yml`.
        as_of: Last complete business day; None means the business date, or of files alone the newest order's day.
        business_date: The day that the channels are read for; None means yesterday.
        on_step: Called with each step as it ends.
        runner: Of this home, where several nights follow each other; None: one for this night.

    Raises:
        UsageError: No source is given, and the home has neither files in its settings nor channels.
        NightFailedError: A step failed; what was published before stands.
        LockedError: Another night holds this home.
    """
    if not sources and not home.settings_file.exists() and not home.channels_file.exists():
        raise no_files(home)  # before a mistyped --home is made into one
    home.create()
    settings = _settings_of(home, sources)
    channels = load_channels(home)
    if not channels and not sources and not settings.files:
        raise no_files(home)
    day = business_date or local_date(utc_now(), settings.business_timezone) - timedelta(days=1)
    ingest: dict[str, dict[str, object]] = {"ingest_files": {}} if sources or settings.files else {}
    ingest |= {f"ingest_{channel}": {"business_date": day.isoformat()} for channel in channels}
    return _run(
        home,
        settings,
        ingest,
        sources=[FileSource(mapping=s.mapping.resolve(), path=s.path.resolve()) for s in sources],
        as_of=as_of,
        business_date=day,
        on_step=on_step,
        runner=runner,
    )


def run_backfill(
    home: Home,
    channels: Sequence[str],
    *,
    first: date,
    last: date,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Night:
    """Read days of channels again, whatever has landed of them; then build, publish and maintain once.

    Args:
        home: Made already, with a `channels.yml`.
        channels: Of that file; none means all.
        first: First business day to read.
        last: Last, included; not in the future.
        on_step: Called with each step as it ends.

    Raises:
        UsageError: An unknown channel, or days in the wrong order or to come.
        NightFailedError: A step failed; what was published before stands.
        LockedError: A night holds this home.
    """
    settings = load_settings(home)
    configured = load_channels(home)
    yesterday = local_date(utc_now(), settings.business_timezone) - timedelta(days=1)
    if unknown := set(channels) - set(configured):
        raise UsageError(
            f"channels.yml has no {min(unknown)}",
            expected=", ".join(configured) or "a channel",
            do="name another",
        )
    if not configured or not first <= last <= yesterday:
        raise UsageError(
            f"a backfill of {first} to {last}",
            expected=f"a first and a last day up to yesterday, {yesterday}, and channels in {home.channels_file}",
            do="name other days",
        )
    asked = {"from_date": first.isoformat(), "to_date": last.isoformat()}
    ingest = {f"ingest_{channel}": asked for channel in channels or configured}
    return _run(home, settings, ingest, as_of=None, business_date=yesterday, on_step=on_step)


def _settings_of(home: Home, sources: list[FileSource]) -> Settings:
    if not home.settings_file.exists() and sources:
        mapping = load_mapping(sources[0].mapping)
        known = {"business_timezone": mapping.timezone, "reporting_currency": mapping.reporting_currency}
        save_settings(home, {key: value for key, value in known.items() if value is not None})
    return load_settings(home)


def _run(
    home: Home,
    settings: Settings,
    ingest: Mapping[str, Mapping[str, object]],
    *,
    sources: Sequence[FileSource] = (),
    as_of: date | None,
    business_date: date,
    on_step: Callable[[Step], None],
    runner: DagRunner | None = None,
) -> Night:
    """One night in the home's own Airflow: the ingest DAGs with what each is asked, then all that follows."""
    run_id = f"{utc_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    build = {
        "as_of_date": as_of.isoformat() if as_of else None,
        "business_date": business_date.isoformat(),
        "is_final": True,  # nothing more will come: the night is run in one go
    }
    dags = {**ingest, "transform_warehouse": build, "publish_marts": {}, "maintain_warehouse": {}}
    plan = [
        # a channel may fail where the others, and its policy, let the night go on
        {
            "dag_id": dag,
            "conf": {"run_id": run_id, **asked},
            "may_fail": dag.removeprefix("ingest_") in CHANNELS,
        }
        for dag, asked in dags.items()
    ]
    with (
        hold(home.state / "nightly.lock", run_id=run_id, wait_seconds=settings.lock_wait_seconds),
        DagRunner(home) if runner is None else nullcontext(runner) as running,
    ):
        if sources:
            give_sources(home, run_id, sources)
        return _run_plan(home, run_id, plan, on_step, running)


def _run_plan(
    home: Home,
    run_id: str,
    plan: list[dict[str, object]],
    on_step: Callable[[Step], None],
    runner: DagRunner,
) -> Night:
    log = make_folder(home.runs / run_id) / "night.log"
    reported = 0

    def report() -> None:
        nonlocal reported
        for step in read_steps(home, run_id)[reported:]:
            on_step(step)
            reported += 1

    code = runner.run(plan, log, meanwhile=report)
    steps = read_steps(home, run_id)
    published = next((step.facts for step in steps if step.name == "publish" and not step.error), None)
    # a channel that failed is no failed night where its policy let the night publish without it
    ingests = {f"extract_{channel}" for channel in CHANNELS} if published else set()
    failed = next((step for step in steps if step.error and step.name not in ingests), None)
    if failed is not None and failed.error is not None:
        stands = f"; publication {published['publication']} is published all the same" if published else ""
        raise NightFailedError(failed.error["message"] + stands, exit_code=failed.error["exit_code"], log=log)
    if code:
        found = f"the night ended with {code} outside its steps"
        tell_lost_night(home, run_id, found)
        raise NightFailedError(found, exit_code=ExitCode.UNEXPECTED, log=log)
    return Night(
        run_id=run_id,
        steps=steps,
        publication=summarise(home),
        is_new=bool(published and published["new"]),
        log=log,
    )


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
