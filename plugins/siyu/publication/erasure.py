"""Those whom the brand has forgotten, taken out of everything that was published and is kept.

Here: new revisions of publications. Not here: who is forgotten and what has landed (landing).

What readers see changes as ever, by a publication with a larger id: the one that stood, without them. Older ones are
never shown by themselves, only by a rollback: each is replaced by a revision of itself, under its own id.
"""

import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from duckdb import CaseExpression, DuckDBPyConnection, Expression

from siyu.engine import connect
from siyu.landing import Tombstones
from siyu.landing.redaction import is_any_among, names_in, row_count
from siyu.landing.sql import column, constant
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

_MEMBER, _UNKNOWN = "member_id", "unknown"
_NAMES_SOMEBODY = re.compile(r"(.+_)?(member_id|identifier|token)")


@dataclass(frozen=True, kw_only=True)
class ErasedPublications:
    """What changed of what is published."""

    removed: int  # rows that went, over all publications
    kept_without: int  # rows with money, which stay without the person
    revised: int  # older publications that have a revision now
    given_up: int  # older publications that were damaged, so that nobody can say who is in them: removed
    published: int | None  # what took the place of the publication that stood; None where that names nobody


@dataclass(frozen=True, kw_only=True)
class _Revision:
    """A publication without those who are forgotten, in a folder beside it."""

    folder: Path
    manifest: Manifest
    removed: int
    kept_without: int


def erase_published(home: Home, settings: Settings, tombstones: Tombstones) -> ErasedPublications:
    """Take the rows that name them out of every kept publication and what is served; remove all candidates.

    Killed anywhere, the next call goes on; a second one finds nothing and publishes nothing.

    Raises:
        LockedError: Another process is publishing.
        DamagedFileError: The publication that stands is not what was published; nothing of what is published has
            changed. The next night's takes its place.
        EnvironmentFaultError: A target could not be written or reached; the next call finishes it.
    """
    with (
        publishing(home, settings, run_id="erasure") as publisher,
        staging_folder(home, settings, "erasure") as spill,
        connect(settings=settings, spill=spill) as connection,
    ):
        shutil.rmtree(home.candidates, ignore_errors=True)
        _undo_half_swaps(home)
        revisions, published, given_up = [], None, 0
        current = current_publication(home)
        if current:
            check_files(current.folder, read_manifest(current.folder))
        if current and (revision := _revise(connection, current, tombstones)):
            published = accept(
                publisher, revision.folder, revision.manifest, run_id=current.run_id, restores=current.id
            ).id
        for publication in present_publications(home):
            publisher.check_lock()
            if damaged_files(publication.folder):
                remove_publication(home, publication)
                given_up += 1
            elif revision := _revise(connection, publication, tombstones):
                _swap(publication, revision)
                revisions.append(revision)
        if publisher.postgres and (standing := current_publication(home)):
            publisher.postgres.vacuum(read_manifest(standing.folder))
        return ErasedPublications(
            removed=sum(revision.removed for revision in revisions),
            kept_without=sum(revision.kept_without for revision in revisions),
            revised=len(revisions),
            given_up=given_up,
            published=published,
        )


def columns_of_people(table: Table) -> list[str]:
    """The columns of a published table that name persons."""
    return [one.name for one in table.schema if one.type == "VARCHAR" and _NAMES_SOMEBODY.fullmatch(one.name)]


def _revise(
    connection: DuckDBPyConnection, publication: Publication, tombstones: Tombstones
) -> _Revision | None:
    """Write what stays of a whole publication beside it; None where all of it does."""
    manifest = read_manifest(publication.folder)
    named = {
        name: _named(connection, publication.folder, table, tombstones)
        for name, table in manifest.tables.items()
    }
    if not any(named.values()):
        return None
    folder = linked(
        publication.folder, publication.folder.with_name(f".erasure-{publication.folder.name}.tmp")
    )
    left, kept_without = dict(manifest.tables), 0
    for name, table in manifest.tables.items():
        if named[name]:
            left[name], kept = _without(connection, folder, table, named[name])
            kept_without += kept
    revised = replace(
        manifest,
        models={name: left[name] for name in manifest.models},
        restricted={name: left[name] for name in manifest.restricted},
    )
    write_manifest(folder, revised)
    gone = sum(table.rows - left[name].rows for name, table in manifest.tables.items())
    return _Revision(folder=folder, manifest=revised, removed=gone, kept_without=kept_without)


def _named(
    connection: DuckDBPyConnection, folder: Path, table: Table, tombstones: Tombstones
) -> frozenset[str]:
    """The values in a table that name somebody forgotten: a member_id, a token, or `type|scope|token`."""
    rows = connection.read_parquet(str(inside(folder, table.file)))
    by_name: dict[str, set[str]] = defaultdict(set)
    for value in names_in(rows, columns_of_people(table)):
        by_name[value.rpartition("|")[2]].add(value)
    return frozenset(value for name in tombstones.among(by_name) for value in by_name[name])


def _without(
    connection: DuckDBPyConnection, folder: Path, table: Table, named: frozenset[str]
) -> tuple[Table, int]:
    """Write a table anew without those named; how many rows stay without them. The file has its name, and other bytes.

    As in raw: a row with money that no person is the key of stays, of the member `unknown`.
    """
    file = inside(folder, table.file)
    rows, columns = connection.read_parquet(str(file)), columns_of_people(table)
    is_named = is_any_among(columns, named)
    has_money = any(one.type.startswith("DECIMAL") for one in table.schema)
    if has_money and columns == [_MEMBER] and _MEMBER not in table.primary_key:
        left = rows.select(*(_unnamed(name, is_named) for name in rows.columns))
        kept = row_count(rows.filter(is_named))
    else:
        left, kept = rows.filter(~is_named), 0
    staged = file.with_name(f".{file.name}.tmp")
    count, checksum, sha256 = write_table(left, table.primary_key, staged)
    staged.rename(file)  # the old file is linked from the publication
    return replace(table, rows=count, checksum=checksum, sha256=sha256), kept


def _unnamed(name: str, is_named: Expression) -> Expression:
    """A column of a row that stays: the member is `unknown`, what counts within the member is nothing."""
    if not name.startswith("member_"):
        return column(name)
    instead = _UNKNOWN if name == _MEMBER else None
    return CaseExpression(is_named, constant(instead)).otherwise(column(name)).alias(name)


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
    """Bring back what a killed erasure laid aside, unless its revision is in its place."""
    for aside in home.publications.glob(".*.aside"):
        folder = aside.with_name(aside.name.removeprefix(".").removesuffix(".aside"))
        if folder.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(folder)
