"""What is published, since when, by which targets, and what stands in the way of the next night.

Here: gathering it and saying it in words. Not here: the command (cli).
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from siyu.clock import utc_now
from siyu.errors import DamagedFileError, SiyuError
from siyu.landing.records import live, read_records
from siyu.publication.damage import damage
from siyu.publication.manifest import read_manifest
from siyu.publication.publish import VERDICT
from siyu.publication.records import (
    Hold,
    Publication,
    PublicationRecord,
    current_hold,
    current_publication,
    publication_folder,
    publication_log,
)
from siyu.publication.targets import shown_by_target
from siyu.settings import Home, Settings
from siyu.state.locks import Holder
from siyu.state.outbox import Incident, open_incidents
from siyu.storage import read_json


@dataclass(frozen=True, kw_only=True)
class LastVerdict:
    """The newest audit, whether it let its run through or not."""

    run_id: str
    passed: bool | None  # None when the verdict cannot be read
    failed_checks: tuple[str, ...]
    page: Path


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of publishing in one home; times are aware, UTC."""

    home: str
    current_id: int | None  # None before the first publication
    as_of_date: date | None
    published_at: datetime | None
    night_published_at: datetime | None  # when its night was: a rollback or an erasure makes no numbers newer
    age_hours: float | None
    restores: int | None
    hold: Hold | None
    targets: dict[str, int | None]  # the publication each one shows; None: nothing, or it cannot be read
    is_complete: bool  # every target shows the current publication
    last_verdict: LastVerdict | None
    publications: tuple[PublicationRecord, ...]  # newest first
    locks: dict[str, Holder]  # held now, by name of the lock
    failures: tuple[Incident, ...]  # what failed and is not over, oldest first
    damaged: tuple[str, ...]  # files of the current publication, marts.duckdb: not what was published
    missing: tuple[str, ...] = ()  # streams that the current publication is without
    new_quarantined: int = 0  # rows in quarantine of the loads that the publication before is without

    def is_fresher_than(self, age: timedelta) -> bool:
        """Whether something was published within this time, every target shows it, and nothing casts doubt on it."""
        return not self.doubts(age)

    def doubts(self, age: timedelta) -> tuple[str, ...]:
        """Why the numbers should not be taken for the newest there can be; empty: take them."""
        if self.published_at is None or self.age_hours is None:
            return ("nothing has been published",)
        found = []
        if timedelta(hours=self.age_hours) > age:
            found.append(f"published {self.age_hours:.1f} h ago, a night was due since")
        if not self.is_complete:
            found.append("a target shows another publication")
        if self.missing:
            found.append(f"published without {', '.join(self.missing)}")
        if self.damaged:
            found.append(f"damaged: {', '.join(self.damaged)}")
        if self.last_verdict and not self.last_verdict.passed:
            found.append(f"the audit {_audit_word(self.last_verdict)} run {self.last_verdict.run_id}")
        if self.hold:
            found.append(f"on hold since the rollback to {self.hold.restores}")
        if self.last_failure_since_published:
            found.append(f"{self.last_failure_since_published.name} failed since")
        return tuple(found)

    @property
    def last_failure_since_published(self) -> Incident | None:
        """The newest failure of a night after the publication; what fails beside the nights changes no number."""
        since = [
            incident
            for incident in self.failures
            if incident.is_of_a_night
            and (self.night_published_at is None or incident.last_at > self.night_published_at)
        ]
        return max(since, key=lambda incident: incident.last_at, default=None)


def status(home: Home, *, now: datetime | None = None, last: int = 14) -> Status:
    """Look at a home without changing or locking anything.

    Args:
        home: The home; nothing needs to be published yet.
        now: What the age is measured against (aware); None takes the clock.
        last: How many publications to list.
    """
    current = current_publication(home)
    targets = shown_by_target(home)
    current_id = current.id if current else None
    log = publication_log(home)
    night = _night_of(current, log)
    return Status(
        home=str(home),
        current_id=current_id,
        as_of_date=current.as_of_date if current else None,
        published_at=current.published_at if current else None,
        night_published_at=night,
        age_hours=round(((now or utc_now()) - night) / timedelta(hours=1), 2) if night else None,
        restores=current.restores if current else None,
        hold=current_hold(home),
        targets=targets,
        is_complete=all(shown == current_id for shown in targets.values()),
        last_verdict=_last_verdict(home),
        publications=tuple(log[::-1][:last]),
        locks={
            lock.name: holder
            for lock in sorted(home.state.glob("*.lock"))
            if (holder := _holder(lock)) is not None
        },
        failures=open_incidents(home),
        damaged=damage(home),
        missing=_missing(current),
        new_quarantined=_new_quarantined(home, current, log),
    )


def _night_of(current: Publication | None, log: Sequence[PublicationRecord]) -> datetime | None:
    """When the night published what stands now: that which it restores, however often."""
    by_id = {record.id: record for record in log}
    record = by_id[current.id] if current else None
    while record and record.restores is not None:
        record = by_id.get(record.restores)
    return record.published_at if record else None


def _missing(current: Publication | None) -> tuple[str, ...]:
    """What the current publication was published without; a manifest that cannot be read is told as damaged."""
    with suppress(DamagedFileError):
        return read_manifest(current.folder).missing if current else ()
    return ()


def _new_quarantined(home: Home, current: Publication | None, log: Sequence[PublicationRecord]) -> int:
    """Rows that the loads of the current publication left in quarantine, as far as it is made of new loads."""
    if current is None:
        return 0
    earlier = [record for record in log if record.id < current.id]
    with suppress(SiyuError):  # damage is told by others, and the publication before may be gone
        before = read_manifest(publication_folder(home, earlier[-1].id)).load_ids if earlier else ()
        new = set(current.load_ids) - set(before)
        return sum(
            landed.counts.quarantined
            for record in live(read_records(home))
            if record.load_id in new
            for landed in record.resources.values()
        )
    return 0


def age_of_the_night_due(settings: Settings, now: datetime) -> timedelta:
    """How old a publication may be and still be that of the night that was due last.

    A night is due each day by `published_by`, local time, and its publication is younger than the moment before that.
    `now` is aware.
    """
    zone = ZoneInfo(settings.business_timezone)
    hour, minute = map(int, settings.published_by.split(":"))
    day = now.astimezone(zone).date()
    due = datetime.combine(day, time(hour, minute), zone)
    if due > now:
        day -= timedelta(days=1)
    before = datetime.combine(day - timedelta(days=1), time(hour, minute), zone)
    return now - before.astimezone(UTC)


def trust_text(found: Status, doubts: tuple[str, ...], settings: Settings) -> str:
    """Can this morning's numbers be trusted? The answer and its four grounds, a line each; local business time."""
    publication = "nothing yet"
    if found.published_at is not None:
        at = found.published_at.astimezone(ZoneInfo(settings.business_timezone))
        restored = f", restores {found.restores}" if found.restores else ""
        publication = (
            f"{found.current_id}, as of {found.as_of_date}{restored},"
            f" at {at:%Y-%m-%d %H:%M} {settings.business_timezone} ({found.age_hours:.1f} h ago)"
        )
    targets = ", ".join(f"{name} {shown or 'nothing readable'}" for name, shown in found.targets.items())
    return "\n".join(
        [
            f"trust the numbers: {'NO, ' + ', '.join(doubts) if doubts else 'yes'}",
            f"published: {publication}",
            f"targets: {targets}",
            f"last audit: {_audit_text(found.last_verdict) if found.last_verdict else 'none yet'}",
            f"open: {'; '.join(_open(found, doubts)) or 'nothing'}",
        ]
    )


def _open(found: Status, doubts: tuple[str, ...]) -> list[str]:
    """What a person must end or wait for; where that is not known, who looks further."""
    failure = found.last_failure_since_published
    known = [f"on hold {_hold_text(found.hold)}"] if found.hold else []
    known += [f"{name}: {_mending(name)}" for name in found.damaged]
    known += [f"{failure.name} failed {_failure_text(failure)}"] if failure else []
    if found.new_quarantined:
        known.append(f"{found.new_quarantined:,} new rows in quarantine, the report says why")
    known += [f"run {holder.run} is at work since {holder.since}" for holder in _at_work(found)]
    return known or (["not known; siyu doctor looks further"] if doubts else [])


def _at_work(found: Status) -> list[Holder]:
    """The runs that hold a lock, each once; a night holds several."""
    return list({holder.run: holder for holder in found.locks.values()}.values())


def _audit_word(verdict: LastVerdict) -> str:
    return {True: "passed", False: "REFUSED", None: "left an unreadable verdict of"}[verdict.passed]


def _audit_text(verdict: LastVerdict) -> str:
    words = {True: "passed", False: "REFUSED", None: "cannot be read"}[verdict.passed]
    failed = f" ({', '.join(verdict.failed_checks)})" if verdict.failed_checks else ""
    return f"run {verdict.run_id} {words}{failed}: {verdict.page}"


def status_text(found: Status) -> str:
    """The status in lines for a terminal."""
    if found.published_at is None:
        lines = [f"{found.home}: nothing published yet"]
    else:
        restored = f", restores {found.restores}" if found.restores else ""
        lines = [
            f"publication {found.current_id}, as of {found.as_of_date}{restored}",
            f"published {found.published_at:%Y-%m-%d %H:%M} UTC, {found.age_hours:.1f} h ago",
        ]
    for target, shown in found.targets.items():
        note = "" if found.is_complete else "  ← not the current one; the next publish finishes it"
        lines.append(f"{target}: {'nothing readable' if shown is None else f'publication {shown}'}{note}")
    if found.hold:
        lines.append(f"ON HOLD {_hold_text(found.hold)}")
    lines += [f"DAMAGED {name}: {_mending(name)}" for name in found.damaged]
    lines += [f"FAILED {incident.name} {_failure_text(incident)}" for incident in found.failures]
    if found.last_verdict:
        lines.append(f"last audit: {_audit_text(found.last_verdict)}")
    if found.new_quarantined:
        lines.append(f"quarantine: {found.new_quarantined:,} new rows, the report says why")
    for name, holder in found.locks.items():
        lines.append(f"{name}: held by process {holder.pid} (run {holder.run}, since {holder.since})")
    if found.publications:
        lines.append("publications:")
    for record in found.publications:
        restored = f"  restores {record.restores}" if record.restores else ""
        lines.append(
            f"  {record.name}  as of {record.as_of_date}  {record.published_at:%Y-%m-%d %H:%M} UTC"
            f"  run {record.run_id}{restored}"
        )
    return "\n".join(lines)


def _mending(name: str) -> str:
    if name.startswith("published/"):
        return "the next publish or night makes it anew"
    return "the next night publishes anew; until then siyu rollback ID, or its copy from a backup"


def _hold_text(hold: Hold) -> str:
    return (
        f"since rollback to {hold.restores} by {hold.by}"
        f" at {hold.since:%Y-%m-%d %H:%M} UTC ({hold.reason}); siyu publish --resume"
    )


def _failure_text(incident: Incident) -> str:
    since = f"{incident.first_at:%Y-%m-%d %H:%M} UTC"
    times = "" if incident.failures == 1 else f", {incident.failures} times since {since}"
    mended = "; it has run since, a publication is missing" if incident.mended_at else ""
    return f"at {incident.last_at:%Y-%m-%d %H:%M} UTC{times}{mended}"


def _holder(lock_file: Path) -> Holder | None:
    """Who signed the lock and still lives. Reading, not trying the lock: a try could turn away a run."""
    try:
        content = read_json(lock_file)
        os.kill(content["pid"], 0)
    except (ValueError, KeyError, TypeError, ProcessLookupError):  # free, left by a killed run, or of a rate
        return None
    except PermissionError:  # alive, under another user
        pass
    return Holder(pid=content["pid"], run=content["run"], since=content["since"])


def _last_verdict(home: Home) -> LastVerdict | None:
    verdicts = [
        *home.candidates.glob(f"[!.]*/{VERDICT}"),
        *home.publications.glob(f"[!.]*/{VERDICT}"),
    ]
    if not verdicts:
        return None
    newest = max(verdicts, key=lambda path: (path.stat().st_mtime_ns, path.as_posix()))
    page = newest.with_suffix(".html")
    try:
        content = read_json(newest)
        failed = tuple(check["id"] for check in content["checks"] if check["status"] in {"failed", "raised"})
        return LastVerdict(
            run_id=content["run_id"], passed=content["passed"], failed_checks=failed, page=page
        )
    except (json.JSONDecodeError, KeyError, TypeError):
        return LastVerdict(run_id=newest.parent.name, passed=None, failed_checks=(), page=page)
