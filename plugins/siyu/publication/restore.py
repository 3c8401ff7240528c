"""Bring an earlier publication back, and hold until a person lets new ones through again.

Here: rollback and resume. Not here: how a publication is shown (publish, serving).
"""

import os
import shutil
from pathlib import Path

from siyu.clock import utc_now
from siyu.errors import UsageError
from siyu.publication.manifest import check_files, read_manifest
from siyu.publication.publish import accept, publishing
from siyu.publication.records import (
    RECORD,
    Hold,
    Publication,
    current_hold,
    current_publication,
    hold_file,
    present_publications,
    publication_folder,
    publish_lock,
    read_record,
    write_hold,
)
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.storage import fsync_path, make_folder


def rollback(home: Home, settings: Settings, publication_id: int, *, by: str, reason: str) -> Publication:
    """Publish an earlier publication again, under a new, larger id that names it in `restores`.

    Nothing else is published until `resume`. Running the same rollback again, also after it was cut off, gives
    the same publication. Both ways are kept in the audit log.

    Raises:
        LockedError: Another process is publishing.
        UsageError: `by` or `reason` is empty, or the publication's files are not there.
        DamagedFileError: Its files are not what was published.
    """
    with publishing(home, settings, run_id=f"rollback to {publication_id}") as publisher:
        old = publication_folder(home, publication_id)
        if not (old / RECORD).exists():
            present = ", ".join(str(publication.id) for publication in present_publications(home)) or "none"
            raise UsageError(
                f"publication {publication_id} is not there",
                expected=f"one of: {present}",
                do="see siyu status",
            )
        manifest = read_manifest(old)
        check_files(old, manifest)
        hold, current = current_hold(home), current_publication(home)
        is_done = hold and current and hold.restores == publication_id == current.restores
        if is_done and current and publisher.shows(current):
            return current
        audit_log.record(
            home, by=by, reason=reason, action="rollback", details={"publication": publication_id}
        )
        # held before anything moves: cut off here, a night must not publish over what someone is taking back
        write_hold(home, Hold(since=utc_now(), restores=publication_id, by=by, reason=reason))
        prepared = linked(old, home.publications / f".restore-{publication_id:06d}.tmp")
        run_id = read_record(old / RECORD).run_id
        return accept(publisher, prepared, manifest, run_id=run_id, restores=publication_id)


def resume(home: Home, settings: Settings, *, by: str, reason: str) -> Hold | None:
    """End the hold of a rollback; the next night publishes again. None when nothing was on hold.

    Raises:
        LockedError: Another process is publishing.
        UsageError: `by` or `reason` is empty.
    """
    with publish_lock(home, settings, run_id="resume"):
        hold = current_hold(home)
        if hold is None:
            return None
        audit_log.record(home, by=by, reason=reason, action="resume", details={"publication": hold.restores})
        hold_file(home).unlink()
        fsync_path(hold_file(home).parent)
        return hold


def linked(old: Path, prepared: Path) -> Path:
    """A folder with a publication's files but its record; publications are never edited.

    Hard links where the file system has them.
    """
    make_folder(prepared)
    for file in old.iterdir():
        if file.name == RECORD:
            continue
        try:
            os.link(file, prepared / file.name)
        except OSError:  # no hard links here: a copy costs room, not correctness
            shutil.copy2(file, prepared / file.name)
            fsync_path(prepared / file.name)
    fsync_path(prepared)
    return prepared
