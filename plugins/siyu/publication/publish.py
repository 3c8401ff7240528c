"""Publish an audited candidate: the one function that changes what readers see, besides rollback.

Here: the order of the steps, each of which can be cut off and is finished by whoever holds the lock next.
Not here: judging a candidate (gate), what a served file looks like (serving).

The steps, under the publish lock: everything that can fail (rows into PostgreSQL's `marts_candidate`, the serving
file beside the old one) → the candidate's folder is renamed to `publications/<id>` (from here on it is published)
→ PostgreSQL commits → the serving file is renamed over the old one → `current.json`. A kill before the first rename
leaves the old publication and a candidate to publish again; after it, the next holder of the lock stages again and
shows it in every target that does not show it yet. Without a connection `postgres_serving` its steps fall away.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from siyu.clock import utc_now
from siyu.errors import DamagedFileError, EnvironmentFaultError, RefusedError, UsageError
from siyu.landing.records import live, read_records
from siyu.publication.candidate import candidate_folder
from siyu.publication.damage import damaged_files
from siyu.publication.manifest import MANIFEST, Manifest, check_files, read_manifest
from siyu.publication.postgres import is_configured
from siyu.publication.records import (
    RECORD,
    Publication,
    PublicationRecord,
    as_publication,
    check_publish_lock,
    current_hold,
    current_publication,
    present_publications,
    publication_folder,
    publication_log,
    publish_lock,
    remove_leftovers,
    write_record,
)
from siyu.publication.run_log import run_log_rows
from siyu.publication.seal import is_sealed
from siyu.publication.serving import is_served, serve, stage_serving
from siyu.publication.targets import standing
from siyu.settings import Home, Settings
from siyu.state.locks import Holder
from siyu.storage import fsync_path, make_folder, read_json, sha256_of

if TYPE_CHECKING:
    from siyu.publication.postgres.target import PostgresTarget

VERDICT = "verdict.json"


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Whoever holds the publish lock, and the target beside marts.duckdb."""

    home: Home
    settings: Settings
    holder: Holder
    postgres: "PostgresTarget | None"  # None: not configured

    def check_lock(self) -> None:
        """RefusedError when the lock was taken from us: called just before each change that readers see."""
        check_publish_lock(self.home, self.holder)

    def shows(self, current: Publication) -> bool:
        """Whether every target shows exactly this publication, whose files would do to show it again."""
        is_in_postgres = self.postgres is None or self.postgres.shown_id() == current.id
        return is_in_postgres and is_served(self.home, current.id) and not damaged_files(current.folder)


@contextmanager
def publishing(home: Home, settings: Settings, *, run_id: str) -> Iterator[Publisher]:
    """Hold the publish lock with every target within reach, after finishing what was cut off.

    Raises:
        LockedError: Another process is publishing.
        EnvironmentFaultError, RefusedError: As the block raises them; where there is a PostgreSQL, the message
            also says which publication each target shows.
    """
    with publish_lock(home, settings, run_id=run_id) as holder:
        try:
            with _postgres(home, run_id=run_id) as postgres:
                publisher = Publisher(home=home, settings=settings, holder=holder, postgres=postgres)
                finish_interrupted(publisher)
                yield publisher
        except (EnvironmentFaultError, RefusedError, OSError) as fault:
            # whoever took the lock over ended our session and removed our half-made files
            check_publish_lock(home, holder)
            if isinstance(fault, OSError) or not is_configured(home):
                raise
            raise type(fault)(
                f"{fault.found}; {standing(home)}", expected=fault.expected, do=fault.do
            ) from fault


@contextmanager
def _postgres(home: Home, *, run_id: str) -> "Iterator[PostgresTarget | None]":
    if not is_configured(home):
        yield None
        return
    from siyu.publication.postgres.connection import serving_uri
    from siyu.publication.postgres.target import open_target

    with open_target(home, serving_uri(home) or "", run_id=run_id) as postgres:
        yield postgres


def publish_candidate(home: Home, settings: Settings, run_id: str) -> Publication:
    """Make a run's candidate what readers see.

    Publishing a run again returns its publication; a candidate that shows the same as the current publication
    (content, day and loads) is removed and the current one returned. Both have `is_new` False.

    Raises:
        LockedError: Another process is publishing.
        RefusedError: No verdict, a verdict that did not pass or is about other bytes, publishing is on hold since a
            rollback, or readers are shown loads that this run lacks. What readers see is as before.
        UsageError: The run has neither a candidate nor a publication.
        EnvironmentFaultError: A target could not be written or reached. What readers see is as before, or the
            message names the id that each target shows; the next publication finishes it.
    """
    candidate = candidate_folder(home, run_id)
    with publishing(home, settings, run_id=run_id) as publisher:
        known = [publication for publication in present_publications(home) if publication.run_id == run_id]
        if not candidate.exists():
            return _own_publication(known, home, run_id)
        manifest = _audited(home, candidate)
        current = current_publication(home)
        for publication in [*known, *([current] if current else [])]:
            if manifest.shows_the_same_as(read_manifest(publication.folder)) and (
                current is None or publisher.shows(current)
            ):
                shutil.rmtree(candidate)
                return publication
        _refuse_on_hold(home)
        if current:
            _refuse_older(home, manifest, current)
        remove_leftovers(candidate)
        return accept(publisher, candidate, manifest, run_id=run_id, restores=None)


def finish_interrupted(publisher: Publisher) -> None:
    """Show the newest publication in every target that does not show it, and remove half-made files.

    A PostgreSQL that shows a newer one (this home came from a backup) waits for the next publication, which gets
    a larger id than both. A publication whose own files are damaged is shown no more: the next one, or a rollback,
    takes its place, and `siyu status` names it until then.
    """
    home, settings, postgres = publisher.home, publisher.settings, publisher.postgres
    remove_leftovers(home.publications)
    remove_leftovers(home.published)
    current = current_publication(home)
    if current is None:
        return
    is_in_marts_file = is_served(home, current.id)
    is_in_postgres = postgres is None or (postgres.shown_id() or 0) >= current.id
    if (is_in_marts_file and is_in_postgres) or damaged_files(current.folder):
        return
    if postgres is not None and not is_in_postgres:
        manifest, log = read_manifest(current.folder), publication_log(home)
        try:
            postgres.stage(current.folder, manifest, run_log_rows(home))
            postgres.commit(manifest, log[-1], log, before_commit=publisher.check_lock)
        except RefusedError:
            # published while there was no PostgreSQL, and does not fit it: a later publication may
            if not is_in_marts_file:
                raise
    if not is_in_marts_file:
        staged = stage_serving(home, settings, current.folder, publication_log(home))
        serve(home, staged, current.id, before_each=publisher.check_lock)


def accept(
    publisher: Publisher, prepared: Path, manifest: Manifest, *, run_id: str, restores: int | None
) -> Publication:
    """Turn a folder of audited files into the next publication.

    `prepared` is moved, so it must be on the home's file system.
    """
    home, postgres = publisher.home, publisher.postgres
    log = publication_log(home)
    shown = postgres.shown_id() if postgres else None
    record = PublicationRecord(
        id=max(log[-1].id if log else 0, shown or 0) + 1,
        run_id=run_id,
        as_of_date=manifest.as_of_date,
        published_at=utc_now(),
        restores=restores,
        content_checksum=manifest.content_checksum,
    )
    # whatever can fail comes before the rename: once a folder has its number, it only needs to be shown
    if postgres:
        postgres.stage(prepared, manifest, run_log_rows(home))
    staged = stage_serving(home, publisher.settings, prepared, [*log, record])
    write_record(prepared / RECORD, record)
    folder = publication_folder(home, record.id)
    make_folder(home.publications)
    publisher.check_lock()
    prepared.rename(folder)  # fails where somebody else's publication has this number already
    fsync_path(home.publications)
    if postgres:
        postgres.commit(manifest, record, [*log, record], before_commit=publisher.check_lock)
    serve(home, staged, record.id, before_each=publisher.check_lock)
    return as_publication(folder, record, manifest, is_new=True)


def _own_publication(known: list[Publication], home: Home, run_id: str) -> Publication:
    published = [publication for publication in known if publication.restores is None]
    if not published:
        raise UsageError(
            f"run {run_id} has no candidate in {home.candidates}",
            expected="an exported and audited candidate",
            do="run the transform and the audit first",
        )
    return published[-1]


def _audited(home: Home, candidate: Path) -> Manifest:
    """The manifest of a candidate whose verdict passed, is about this manifest, and whose files still match it."""
    again = "audit the candidate again; what was published stands"
    try:
        verdict = read_json(candidate / VERDICT)
        passed, about, genuine = verdict["passed"], verdict["manifest_sha256"], is_sealed(home, verdict)
    except FileNotFoundError:
        raise RefusedError(f"candidate {candidate.name} has not been audited", do=again) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RefusedError(f"the verdict of candidate {candidate.name} cannot be read", do=again) from None
    if passed is not True:
        raise RefusedError(
            f"the audit refused candidate {candidate.name}",
            expected="every critical check to pass",
            do=f"read {candidate / VERDICT}; what was published stands",
        )
    if not genuine:
        raise RefusedError(
            f"the verdict of candidate {candidate.name} is not as the audit wrote it",
            expected="the seal of this home",
            do=again,
        )
    found = sha256_of(candidate / MANIFEST) if (candidate / MANIFEST).exists() else "no manifest"
    if found != about:
        raise RefusedError(
            f"candidate {candidate.name} changed after its audit: manifest {found}",
            expected=str(about),
            do=again,
        )
    manifest = read_manifest(candidate)
    try:
        check_files(candidate, manifest)
    except DamagedFileError as fault:
        raise RefusedError(
            f"candidate {candidate.name} changed after its audit: {fault.found}",
            expected=fault.expected,
            do=again,
        ) from fault
    return manifest


def _refuse_older(home: Home, manifest: Manifest, current: Publication) -> None:
    """Two runs at once, or an old one that was cleared: what readers are shown must not vanish again."""
    landed = {record.load_id for record in live(read_records(home))}
    lacking = landed & set(current.load_ids) - set(manifest.load_ids)
    if lacking:
        raise RefusedError(
            f"run {manifest.run_id} was built before {len(lacking)} of the loads landed that publication"
            f" {current.id} shows",
            expected="all of them, or fewer only by siyu rollback",
            do="run the night again",
        )


def _refuse_on_hold(home: Home) -> None:
    if (hold := current_hold(home)) is not None:
        raise RefusedError(
            f"on hold since rollback to {hold.restores} by {hold.by} at {hold.since:%Y-%m-%d %H:%M} UTC",
            expected="a person to release it",
            do="siyu publish --resume --by NAME --reason TEXT",
        )
