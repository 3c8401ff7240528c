"""Publish an audited candidate: the one function that changes what readers see, besides rollback.

Here: the order of the steps, each of which can be cut off and is finished by whoever holds the lock next.
Not here: judging a candidate (gate), what a served file looks like (serving).

The steps, under the publish lock: the serving file is built beside → the candidate's folder is renamed to
`publications/<id>` (from here on it is published) → the serving file is renamed over the old one →
`current.json`. A kill before the rename leaves the old publication and a candidate to publish again; after
it, the next holder of the lock builds and renames the serving file.
"""

import shutil
from pathlib import Path

from siyu.clock import utc_now
from siyu.errors import DamagedFileError, RefusedError, UsageError
from siyu.publication.candidate import candidate_folder
from siyu.publication.manifest import MANIFEST, Manifest, check_files, read_manifest
from siyu.publication.records import (
    RECORD,
    Publication,
    PublicationRecord,
    as_publication,
    current_hold,
    current_publication,
    present_publications,
    publication_folder,
    publication_log,
    publish_lock,
    remove_leftovers,
    write_record,
)
from siyu.publication.serving import is_served, serve, stage_marts
from siyu.settings import Home, Settings
from siyu.storage import fsync_path, make_folder, read_json, sha256_of

VERDICT = "verdict.json"


def publish_candidate(home: Home, settings: Settings, run_id: str) -> Publication:
    """Make a run's candidate what readers see.

    Publishing a run again returns its publication; a candidate that shows the same as the current publication
    (content, day and loads) is removed and the current one returned. Both have `is_new` False.

    Raises:
        LockedError: Another process is publishing.
        RefusedError: No verdict, a verdict that did not pass or is about other bytes, or publishing is on hold
            since a rollback. What readers see is as before.
        UsageError: The run has neither a candidate nor a publication.
        EnvironmentFaultError: The serving file could not be written. What readers see is as before.
    """
    candidate = candidate_folder(home, run_id)
    with publish_lock(home, settings, run_id=run_id):
        finish_interrupted(home, settings)
        known = [publication for publication in present_publications(home) if publication.run_id == run_id]
        if not candidate.exists():
            return _own_publication(known, home, run_id)
        manifest = _audited(candidate)
        current = current_publication(home)
        for publication in [*known, *([current] if current else [])]:
            if manifest.shows_the_same_as(read_manifest(publication.folder)):
                shutil.rmtree(candidate)
                return publication
        _refuse_on_hold(home)
        remove_leftovers(candidate)
        return accept(home, settings, candidate, manifest, run_id=run_id, restores=None)


def finish_interrupted(home: Home, settings: Settings) -> None:
    """Finish a publication that was cut off, and remove half-made files; the caller holds the publish lock."""
    remove_leftovers(home.publications)
    remove_leftovers(home.published)
    current = current_publication(home)
    if current is not None and not is_served(home, current.id):
        staged = stage_marts(home, settings, current.folder, publication_log(home))
        serve(home, staged, current.id)


def accept(
    home: Home, settings: Settings, prepared: Path, manifest: Manifest, *, run_id: str, restores: int | None
) -> Publication:
    """Turn a folder of audited files into the next publication; the caller holds the publish lock.

    `prepared` is moved, so it must be on the home's file system.
    """
    log = publication_log(home)
    record = PublicationRecord(
        id=log[-1].id + 1 if log else 1,
        run_id=run_id,
        as_of_date=manifest.as_of_date,
        published_at=utc_now(),
        restores=restores,
        content_checksum=manifest.content_checksum,
    )
    # whatever can fail comes before the rename: once a folder has its number, it only needs to be shown
    staged = stage_marts(home, settings, prepared, [*log, record])
    write_record(prepared / RECORD, record)
    folder = publication_folder(home, record.id)
    make_folder(home.publications)
    prepared.rename(folder)
    fsync_path(home.publications)
    serve(home, staged, record.id)
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


def _audited(candidate: Path) -> Manifest:
    """The manifest of a candidate whose verdict passed, is about this manifest, and whose files still match it."""
    again = "audit the candidate again; what was published stands"
    try:
        verdict = read_json(candidate / VERDICT)
        passed, about = verdict["passed"], verdict["manifest_sha256"]
    except FileNotFoundError:
        raise RefusedError(f"candidate {candidate.name} has not been audited", do=again) from None
    except (ValueError, KeyError, TypeError):
        raise RefusedError(f"the verdict of candidate {candidate.name} cannot be read", do=again) from None
    if passed is not True:
        raise RefusedError(
            f"the audit refused candidate {candidate.name}",
            expected="every critical check to pass",
            do=f"read {candidate / VERDICT}; what was published stands",
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


def _refuse_on_hold(home: Home) -> None:
    if (hold := current_hold(home)) is not None:
        raise RefusedError(
            f"on hold since rollback to {hold.restores} by {hold.by} at {hold.since:%Y-%m-%d %H:%M} UTC",
            expected="a person to release it",
            do="siyu publish --resume --by NAME --reason TEXT",
        )
