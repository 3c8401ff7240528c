"""Retention: what of publications, candidates, warehouses and logs is removed, and when.

Here: the rules and the removal. Not here: retention of raw and quarantine (landing), the schedule (dags).
"""

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from siyu.publication.records import (
    RECORD,
    Publication,
    present_publications,
    publish_lock,
    read_record,
    remove_leftovers,
    write_record,
)
from siyu.settings import Home, Settings
from siyu.storage import fsync_path
from siyu.warehouse import prune_warehouses, warehouse_lock

RUN_ID = "maintenance"


def maintain(home: Home, settings: Settings, *, now: datetime) -> dict[str, list[str]]:
    """Remove all that the settings no longer keep; what was removed, by kind.

    Args:
        home: The home.
        settings: What is kept.
        now: The moment ages are measured against (aware).

    Raises:
        LockedError: A run is publishing or building for longer than `lock_wait_seconds`.
    """
    with warehouse_lock(home, settings, run_id=RUN_ID):
        return {
            "publications": prune_publications(home, settings, now),
            "candidates": prune_candidates(home, settings, now),
            "warehouses": sorted(prune_warehouses(home, settings)),
            "runs": prune_runs(home, settings, now),
        }


def prune_publications(home: Home, settings: Settings, now: datetime) -> list[str]:
    """Remove the files of publications that are not among the last `keep_publications`, nor the last of a month,
    nor younger than `reader_grace_hours`; their records stay, so that the log keeps all.
    """
    removed = []
    with publish_lock(home, settings, run_id=RUN_ID):
        remove_leftovers(home.publications)
        present = present_publications(home)
        kept = {publication.id for publication in present[-settings.keep_publications :]} | _month_ends(
            present
        )
        youngest_to_go = now - timedelta(hours=settings.reader_grace_hours)
        for publication in present:
            if publication.id in kept or publication.published_at > youngest_to_go:
                continue
            remove_publication(home, publication)
            removed.append(publication.folder.name)
    return removed


def remove_publication(home: Home, publication: Publication) -> None:
    """Remove a publication's files and keep its record; the caller holds the publish lock."""
    record = read_record(publication.folder / RECORD)
    write_record(home.publications / f"{record.name}.json", record)
    condemned = home.publications / f".{record.name}.tmp"
    publication.folder.rename(condemned)  # gone at once for everyone, even if the removal is cut off
    fsync_path(home.publications)
    shutil.rmtree(condemned)


def prune_candidates(home: Home, settings: Settings, now: datetime) -> list[str]:
    """Remove candidates (refused, abandoned or half exported) older than `keep_candidates_days`.

    The caller holds the warehouse lock, under which candidates are exported.
    """
    with publish_lock(home, settings, run_id=RUN_ID):
        return _remove_older(home.candidates.glob("*"), now - timedelta(days=settings.keep_candidates_days))


def prune_runs(home: Home, settings: Settings, now: datetime) -> list[str]:
    """Remove logs and records of runs older than `keep_logs_days`, save those whose warehouse is still there."""
    with_warehouse = {warehouse.stem for warehouse in home.warehouses.glob("*.duckdb")}
    runs = [run for run in home.runs.glob("*") if run.name not in with_warehouse]
    return _remove_older(runs, now - timedelta(days=settings.keep_logs_days))


def _month_ends(present: Sequence[Publication]) -> set[int]:
    """For each calendar month of as_of_date, the publication of its latest day; the newest one of that day."""
    last: dict[tuple[int, int], tuple[date, int]] = {}
    for publication in present:
        day = publication.as_of_date
        month = (day.year, day.month)
        last[month] = max(last.get(month, (day, 0)), (day, publication.id))
    return {publication_id for _, publication_id in last.values()}


def _remove_older(folders: Iterable[Path], limit: datetime) -> list[str]:
    removed = []
    for folder in sorted(folders):
        if datetime.fromtimestamp(folder.stat().st_mtime, tz=UTC) < limit:
            shutil.rmtree(folder)
            removed.append(folder.name)
    return removed
