"""The steps of transform_warehouse, publish_marts and maintain_warehouse, as thin as the rooms allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from siyu.channels.catalogue import CONNECTORS
from siyu.channels.configured import Channel, load_channels
from siyu.channels.due import Missing, missing_streams
from siyu.clock import utc_now
from siyu.errors import RefusedError, UsageError
from siyu.gate import audit_candidate
from siyu.landing import LoadRecord, compact, expire_quarantine, live, read_records
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.publication import (
    candidate_folder,
    current_publication,
    export_candidate,
    maintain,
    publish_candidate,
)
from siyu.publication.damage import damage, last_whole
from siyu.publication.postgres import is_configured
from siyu.report import write_report
from siyu.resources import Resource
from siyu.settings import Home
from siyu.storage import inside, read_json, write_json
from siyu.warehouse import Published, build_warehouse, read_build, warehouse_lock
from siyu.warehouse.build import code_revision
from siyu.warehouse.dbt_runner import DBT_PROJECT
from siyu.warehouse.published import TABLES

# what the standing publication is made from; if it is lost, one night more is built
PUBLISHED_FROM = "state/published_from.json"


@dataclass(frozen=True, kw_only=True)
class _There:
    """What a step finds: the loads that count, the channels that are configured, and what of those is not there yet."""

    loads: tuple[LoadRecord, ...]
    channels: Mapping[str, Channel]
    missing: list[Missing]  # for the business date, by channel and account


def _look(run: Run) -> _There:
    loads, channels = live(read_records(run.home)), load_channels(run.home)
    timezone = run.settings.business_timezone
    missing = [
        one
        for channel in channels.values()
        for one in missing_streams(channel, loads, run.business_date, timezone=timezone, now=utc_now())
    ]
    return _There(loads=loads, channels=channels, missing=missing)


def is_time_to_build(run: Run, step: Step) -> bool:
    """Whether the night goes on: all that it needs is there, or its hour has come and it can do without the rest.

    An asset only wakes: what is there is read from the load records. Before `decide_by` of the day after the business
    date a night that lacks something waits for the next wake-up. One with nothing new writes the report where it shows
    an older publication.

    Raises:
        UsageError: Nothing has ever landed, or `channels.yml` is wrong.
        RefusedError: The hour has come and a stream that blocks is missing, though its platform has finished the day.
            What was published stays.
    """
    there = _look(run)
    step.facts = {"missing": [str(one) for one in there.missing]}
    if there.missing and not _has_to_decide(run):
        return False
    if blocking := [str(one) for one in there.missing if one.blocks]:
        raise RefusedError(
            f"business date {run.business_date} lacks {', '.join(blocking)}",
            expected="their news: their policy is block",
            do="look at the failed ingest DAG and run it again, or set policy: publish_without in channels.yml",
        )
    is_new = _is_something_new(run, there, step)
    # the night that published was killed before it wrote the page
    if not is_new and _report_is_behind(run.home):
        write_report(run.home, run.settings)
    return is_new


def _has_to_decide(run: Run) -> bool:
    """Whether nobody waits any longer: the hour has come, or a person runs the whole night in one go."""
    hour = time.fromisoformat(run.settings.decide_by)
    zone = ZoneInfo(run.settings.business_timezone)
    decided = datetime.combine(run.business_date + timedelta(days=1), hour, tzinfo=zone)
    return bool(run.params.get("is_final")) or utc_now() >= decided


def _is_something_new(run: Run, there: _There, step: Step) -> bool:
    """Whether tonight's marts can differ from the published ones: other loads, as_of, settings or code."""
    inputs = _inputs(run, there)
    if not inputs["load_ids"]:
        raise UsageError("nothing has landed yet", expected="at least one load", do="run ingest_files first")
    published = current_publication(run.home)
    standing = {"publication": published.id if published else None, "inputs": inputs}
    record = run.home.root / PUBLISHED_FROM
    stands = published is not None and record.exists() and read_json(record) == standing
    new = not stands or bool(damage(run.home))  # a publication that is damaged is made again
    step.facts |= {"loads": len(inputs["load_ids"]), "published": standing["publication"], "new": new}
    return new


def _report_is_behind(home: Home) -> bool:
    published, page = current_publication(home), home.report_file
    return published is not None and (
        not page.exists() or page.stat().st_mtime < published.published_at.timestamp()
    )


def _inputs(run: Run, there: _There) -> dict[str, Any]:
    """All that the marts of a night are made from."""
    as_of = _as_of(run, there)
    return {
        "load_ids": [load.load_id for load in there.loads],
        "as_of_date": as_of.isoformat() if as_of else None,  # null is the day of the newest order
        "missing": [str(one) for one in there.missing],
        "code_revision": code_revision(),
        "business_timezone": run.settings.business_timezone,
        "reporting_currency": run.settings.reporting_currency,
        "dbt_vars": run.settings.dbt_vars,
        "serves_postgres": is_configured(run.home),  # configured since: the night brings it up to date
    }


def build_night(run: Run, step: Step, *, project: Path = DBT_PROJECT) -> None:
    """Build the warehouse of this run, and note what it is made from."""
    there = _look(run)
    inputs = _inputs(run, there)
    build = build_warehouse(
        run.home,
        run.settings,
        run_id=run.run_id,
        as_of=_as_of(run, there),
        declared=_declared(there),
        missing=inputs["missing"],
        published=_published(run.home),
        project=project,
    )
    # a load that was registered meanwhile is in the build or not: the build knows
    write_json(_inputs_file(run), inputs | {"load_ids": build.load_ids})
    step.facts = {"as_of_date": build.as_of_date, "loads": len(build.load_ids), "nodes": len(build.steps)}


def _published(home: Home) -> Published | None:
    """The publication that tonight's members are compared with: the one that is shown, unless it is damaged."""
    last = last_whole(home, TABLES)
    if last is None:
        return None
    folder, manifest = last
    return Published(
        load_ids=manifest.load_ids,
        tables={name: inside(folder, manifest.tables[name].file) for name in TABLES},
    )


def _as_of(run: Run, there: _There) -> date | None:
    """The last business day that counts: as asked for, else with channels the run's; None: of the newest order."""
    if asked := run.params.get("as_of_date"):
        return date.fromisoformat(asked)
    return run.business_date if there.channels else None


def _declared(there: _There) -> dict[str, Mapping[str, Resource]]:
    """Resources of the API channels that are configured or have landed."""
    known = {load.source.channel for load in there.loads} | set(there.channels)
    return {name: CONNECTORS[name].resources for name in CONNECTORS if name in known}


def _inputs_file(run: Run) -> Path:
    return run.home.runs / run.run_id / "inputs.json"


def export_night(run: Run, step: Step) -> None:
    """Export the candidate of this run's build."""
    candidate = export_candidate(run.home, read_build(run.home, run.run_id))
    step.facts = {"candidate": candidate.name}
    step.bytes = sum(file.stat().st_size for file in candidate.glob("*.parquet"))


def audit_night(run: Run, step: Step) -> None:
    """Audit the candidate; one that has been published, and is no candidate any more, has been audited.

    Raises:
        RefusedError: A critical check failed or a check could not run; nothing a reader sees has changed.
    """
    if (publication_id := _published_as(run)) is not None:
        step.facts = {"publication": publication_id}
        return
    verdict = audit_candidate(run.home, run.run_id)
    failed = [check for check in verdict.checks if check.is_told]
    step.facts = {
        "checks": len(verdict.checks),
        "warnings": [c.id for c in failed if c.severity == "warning"],
    }
    if not verdict.passed:
        listed = "; ".join(f"{c.id} on {c.model} {c.status}, {c.offending_rows} rows" for c in failed)
        raise RefusedError(
            f"the audit refused run {run.run_id}: {listed}",
            expected="every critical check to pass",
            do=f"look at {run.home.candidates / run.run_id / 'verdict.html'}; what was published stays",
        )


def publish_night(run: Run, step: Step) -> int:
    """Publish the audited candidate; the same content again is the publication that stands."""
    if (publication_id := _published_as(run)) is not None:
        step.facts = {"publication": publication_id, "new": False}
        return publication_id
    publication = publish_candidate(run.home, run.settings, run.run_id)
    standing = {"publication": publication.id, "inputs": read_json(_inputs_file(run))}
    write_json(run.home.root / PUBLISHED_FROM, standing)
    write_json(_publication_file(run), {"id": publication.id})
    step.facts = {"publication": publication.id, "new": publication.is_new}
    step.rows = sum(publication.rows.values()) if publication.is_new else 0
    return publication.id


def report_night(run: Run, step: Step) -> None:
    """Write the report about what is published; what was published stands, whatever happens here."""
    written = write_report(run.home, run.settings)
    step.facts = {"publication": written.publication}
    step.bytes = written.bytes


def _published_as(run: Run) -> int | None:
    """What this run was published as, once its candidate is gone; None while there is one to publish."""
    if candidate_folder(run.home, run.run_id).exists() or not _publication_file(run).exists():
        return None
    return int(read_json(_publication_file(run))["id"])


def _publication_file(run: Run) -> Path:
    return run.home.runs / run.run_id / "publication.json"


def enforce_retention(run: Run, step: Step) -> None:
    """Remove what the settings no longer keep."""
    removed = maintain(run.home, run.settings, now=run.run_after)
    expired = expire_quarantine(run.home, run.settings, now=run.run_after)
    step.facts = {name: len(items) for name, items in removed.items()}
    step.facts["quarantine"] = sum(len(record.supersedes) for record in expired)


def compact_raw(run: Run, step: Step) -> None:
    """Merge small raw files, while no build reads them."""
    with warehouse_lock(run.home, run.settings, run_id=run.run_id):
        step.facts = {"superseded": len(compact(run.home, run.settings))}
