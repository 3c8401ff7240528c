"""Other rows in everything that was published and is kept.

Here: new revisions of publications. Not here: which rows, and why (erasure, rekeying).

What readers see changes as ever, by a publication with a larger id: the one that stood, revised. Older ones are never
shown by themselves, only by a rollback: each is replaced by a revision of itself, under its own id.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.engine import connect
from siyu.publication.candidate import write_table
from siyu.publication.damage import damaged_files
from siyu.publication.maintenance import remove_publication
from siyu.publication.manifest import Manifest, Table, check_files, read_manifest, write_manifest
from siyu.publication.publish import accept, publishing
from siyu.publication.records import (
    RECORD,
    Publication,
    current_publication,
    present_publications,
    read_record,
    write_record,
)
from siyu.publication.restore import linked
from siyu.settings import Home, Settings
from siyu.state.staging import staging_folder
from siyu.storage import fsync_path, inside

# the rows that a table is to have, and how many of them are without what they had; None: it stays as it is
Change = Callable[[DuckDBPyConnection, DuckDBPyRelation, Table], tuple[DuckDBPyRelation, int] | None]


@dataclass(frozen=True, kw_only=True)
class Revised:
    """What changed of what is published."""

    removed: int  # rows that went, over all publications
    kept_without: int  # rows that stay without something, over all publications
    revised: int  # publications that have a revision now
    given_up: int  # older publications that were damaged, so that nobody can say what is in them: removed
    published: int | None  # what took the place of the publication that stood; None where that stays as it is


@dataclass(frozen=True, kw_only=True)
class _Revision:
    """A publication as it is to be, in a folder beside it."""

    folder: Path
    manifest: Manifest
    removed: int
    kept_without: int


def check_published(home: Home) -> None:
    """Look at every byte of the publication that stands.

    Raises:
        DamagedFileError: It is not what was published.
    """
    if current := current_publication(home):
        check_files(current.folder, read_manifest(current.folder))


def revise_published(home: Home, settings: Settings, *, run_id: str, change: Change) -> Revised:
    """Change every kept publication and what is served; remove all candidates.

    Killed anywhere, the next call goes on; a second one publishes nothing, where `change` finds nothing.

    Raises:
        LockedError: Another process is publishing.
        DamagedFileError: The publication that stands is not what was published; nothing of what is published has
            changed. The next night's takes its place.
        EnvironmentFaultError: A target could not be written or reached; the next call finishes it.
    """
    with (
        publishing(home, settings, run_id=run_id) as publisher,
        staging_folder(home, settings, run_id) as spill,
        connect(settings=settings, spill=spill) as connection,
    ):
        shutil.rmtree(home.candidates, ignore_errors=True)
        _undo_half_swaps(home)
        revisions, published, given_up = [], None, 0
        check_published(home)
        current = current_publication(home)
        if current and (revision := _revise(connection, current, change, run_id)):
            published = accept(
                publisher, revision.folder, revision.manifest, run_id=current.run_id, restores=current.id
            ).id
        for publication in present_publications(home):
            publisher.check_lock()
            if damaged_files(publication.folder):
                remove_publication(home, publication)
                given_up += 1
            elif revision := _revise(connection, publication, change, run_id):
                _swap(publication, revision)
                revisions.append(revision)
        if publisher.postgres and (standing := current_publication(home)):
            publisher.postgres.vacuum(read_manifest(standing.folder))
        return Revised(
            removed=sum(revision.removed for revision in revisions),
            kept_without=sum(revision.kept_without for revision in revisions),
            revised=len(revisions),
            given_up=given_up,
            published=published,
        )


def _revise(
    connection: DuckDBPyConnection, publication: Publication, change: Change, run_id: str
) -> _Revision | None:
    """Write a whole publication as it is to be beside it; None where it stays as it is."""
    manifest = read_manifest(publication.folder)
    changed = {
        name: answer
        for name, table in manifest.tables.items()
        if (answer := change(connection, _rows_of(connection, publication, table), table))
    }
    if not changed:
        return None
    folder = linked(
        publication.folder, publication.folder.with_name(f".{run_id}-{publication.folder.name}.tmp")
    )
    left = dict(manifest.tables)
    for name, (rows, _) in changed.items():
        left[name] = _rewritten(rows, left[name], inside(folder, left[name].file))
    revised = replace(
        manifest,
        models={name: left[name] for name in manifest.models},
        restricted={name: left[name] for name in manifest.restricted},
    )
    write_manifest(folder, revised)
    return _Revision(
        folder=folder,
        manifest=revised,
        removed=sum(table.rows - left[name].rows for name, table in manifest.tables.items()),
        kept_without=sum(kept for _, kept in changed.values()),
    )


def _rows_of(connection: DuckDBPyConnection, publication: Publication, table: Table) -> DuckDBPyRelation:
    return connection.read_parquet(str(inside(publication.folder, table.file)))


def _rewritten(rows: DuckDBPyRelation, table: Table, file: Path) -> Table:
    """Write a table anew: the file has its name, and other bytes."""
    staged = file.with_name(f".{file.name}.tmp")
    count, checksum, sha256 = write_table(rows, table.primary_key, staged)
    staged.rename(file)  # the old file is linked from the publication
    return replace(table, rows=count, checksum=checksum, sha256=sha256)


def _swap(publication: Publication, revision: _Revision) -> None:
    """Put a revision in the place of its publication, which lies aside for a moment."""
    record = read_record(publication.folder / RECORD)
    write_record(
        revision.folder / RECORD, replace(record, content_checksum=revision.manifest.content_checksum)
    )
    fsync_path(revision.folder)
    aside = publication.folder.with_name(f".{publication.folder.name}.aside")
    publication.folder.rename(aside)
    revision.folder.rename(publication.folder)
    fsync_path(aside.parent)
    shutil.rmtree(aside)


def _undo_half_swaps(home: Home) -> None:
    """Bring back what a killed revision laid aside, unless its revision is in its place."""
    for aside in home.publications.glob(".*.aside"):
        folder = aside.with_name(aside.name.removeprefix(".").removesuffix(".aside"))
        if folder.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(folder)
