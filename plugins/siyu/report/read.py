"""The numbers of the report, read from one publication: its Parquet, manifest and verdict, loads, journal.

Here: queries (`sql/`, one file per section) and what they give. Not here: how it looks (page).

Everything is an aggregate: no row of a person leaves DuckDB. A section whose tables the publication does not have, or
whose rows are none, is an empty list.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from siyu.engine import connect
from siyu.errors import DamagedFileError, UsageError
from siyu.landing import LoadRecord, open_quarantine, read_records
from siyu.publication import Publication, publication_log
from siyu.publication.manifest import check_files, read_manifest
from siyu.publication.publish import VERDICT
from siyu.publication.records import publication_folder, read_publication
from siyu.publication.run_log import RunLogRow, run_log_of
from siyu.settings import PROJECT, Home, Settings
from siyu.storage import inside, read_json

Row = Mapping[str, Any]
Rows = list[Row]

_SQL = Path(__file__).parent / "sql"
# by name of the field that holds their rows
_SECTIONS = (
    "brands",
    "headline",
    "sales_by_month",
    "sales_by_day",
    "buyers_by_window",
    "rfm",
    "cohorts",
    "campaigns",
    "channels",
    "exclusions",
    "restated",
    "restated_days",
)
_SEGMENTS = PROJECT / "dbt_project" / "seeds" / "rfm_segments.csv"
_PREVIOUS = "previous_"  # in front of a table of the publication before


@dataclass(frozen=True, kw_only=True)
class TableChange:
    """A published table, and how many rows it had in the publication before; None where it was not there."""

    name: str
    description: str
    rows: int | None
    rows_before: int | None


@dataclass(frozen=True, kw_only=True)
class Landed:
    """Rows of one resource as one mapping read them, over all loads of the publication.

    read = landed + unchanged + quarantined; `excluded` is part of landed; `waiting` is the part of quarantined that
    nothing has answered by now.
    """

    mapping: str
    resource: str
    loads: int
    read: int
    landed: int
    unchanged: int
    excluded: int
    quarantined: int
    waiting: int
    newest_at: datetime | None  # aware, UTC: latest time of business; None where no row has one
    reasons: tuple[tuple[str, int], ...]  # of quarantine, by reason


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything on the page; the fields named in `_SECTIONS` hold the rows of the SQL file of that name."""

    publication: Publication
    previous: Publication | None  # the publication before it whose files are kept
    timezone: str
    currency: str
    docs_url: str | None  # of the documentation site; None where nobody named one
    tables: list[TableChange]
    missing: tuple[
        str, ...
    ]  # streams whose news of the day the publication is without: channel/account/stream
    new_loads: int | None  # loads that the previous publication did not have; None without one
    brands: Rows
    headline: Rows
    sales_by_month: Rows
    sales_by_day: Rows
    buyers_by_window: Rows
    rfm: Rows
    cohorts: Rows
    campaigns: Rows
    channels: Rows
    exclusions: Rows
    restated: Rows
    restated_days: Rows
    checks: Rows  # of the verdict
    audit_seconds: float | None
    landed: list[Landed]
    steps: list[RunLogRow]


def read_report(home: Home, settings: Settings, *, publication_id: int | None = None) -> Report:
    """Gather the report of a publication, None being the current one; nothing in the home changes.

    Raises:
        UsageError: No such publication.
        DamagedFileError: A file that is read is not what was published or landed.
    """
    publication, previous = _publications(home, publication_id)
    with connect(settings=settings) as connection:
        sections = _sections(connection, publication, previous)
    verdict = publication.folder / VERDICT
    audit = read_json(verdict) if verdict.exists() else {}
    currencies = [brand["currency_code"] for brand in sections["brands"]]
    return Report(
        publication=publication,
        previous=previous,
        timezone=settings.business_timezone,
        docs_url=settings.docs_url,
        currency=currencies[0] if currencies else settings.reporting_currency,
        tables=_table_changes(publication, previous),
        missing=read_manifest(publication.folder).missing,
        new_loads=len(set(publication.load_ids) - set(previous.load_ids)) if previous else None,
        checks=audit.get("checks", []),
        audit_seconds=audit.get("seconds"),
        landed=_landed(home, publication),
        steps=run_log_of(home, publication.run_id),
        **sections,
    )


def _publications(home: Home, publication_id: int | None) -> tuple[Publication, Publication | None]:
    """The publication asked for, and the newest one before it that can still be read."""
    kept = [record.id for record in publication_log(home) if publication_folder(home, record.id).is_dir()]
    if not kept:
        raise UsageError(f"nothing has been published in {home}", do="run a night first: siyu nightly")
    wanted = kept[-1] if publication_id is None else publication_id
    if wanted not in kept:
        raise UsageError(
            f"publication {wanted} is not in {home}",
            expected=f"one whose files are kept: {', '.join(map(str, kept))}",
            do="siyu status --details lists them",
        )
    publication = read_publication(publication_folder(home, wanted))
    for earlier in reversed(kept[: kept.index(wanted)]):
        with suppress(DamagedFileError):
            return publication, read_publication(publication_folder(home, earlier))
    return publication, None


def _sections(
    connection: duckdb.DuckDBPyConnection, publication: Publication, previous: Publication | None
) -> dict[str, Rows]:
    """The rows of every section, and none where a table or column that it needs is not published."""
    queries = {name: (_SQL / f"{name}.sql").read_text(encoding="utf-8") for name in _SECTIONS}
    needed = {name: connection.get_table_names(sql) for name, sql in queries.items()}
    tables = set().union(*needed.values())
    shown = {"rfm_segments"} | _show(connection, publication, tables)
    connection.read_csv(str(_SEGMENTS), header=True).create_view("rfm_segments")
    if previous:
        with suppress(DamagedFileError):  # it is not the one the page is about: nothing is compared with it
            shown |= _show(connection, previous, tables, prefix=_PREVIOUS)
    return {name: _rows(connection, sql) if needed[name] <= shown else [] for name, sql in queries.items()}


def _show(
    connection: duckdb.DuckDBPyConnection, publication: Publication, names: set[str], *, prefix: str = ""
) -> set[str]:
    """Make a view, named with the prefix, of each of these tables that the publication has, and return their names.

    Their bytes are looked at first: a page must not show what was never published.
    """
    manifest = read_manifest(publication.folder)
    models = {prefix + name: table for name, table in manifest.models.items() if prefix + name in names}
    check_files(publication.folder, replace(manifest, models=models))
    for name, table in models.items():
        connection.read_parquet(str(inside(publication.folder, table.file))).create_view(name)
    return set(models)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    try:
        answer = connection.execute(sql)
    except duckdb.BinderException:  # the publication is older than the column
        return []
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _table_changes(publication: Publication, previous: Publication | None) -> list[TableChange]:
    """Every table of either publication, by name."""
    now = read_manifest(publication.folder).models
    then = read_manifest(previous.folder).models if previous else {}
    return [
        TableChange(
            name=name,
            description=(now.get(name) or then[name]).description,
            rows=now[name].rows if name in now else None,
            rows_before=then[name].rows if name in then else None,
        )
        for name in sorted({*now, *then})
    ]


def _landed(home: Home, publication: Publication) -> list[Landed]:
    """One line per mapping and resource that had a row, over the loads that the publication is made from."""
    wanted = set(publication.load_ids)
    records = [record for record in read_records(home) if record.load_id in wanted]
    groups: dict[tuple[str, str], list[LoadRecord]] = defaultdict(list)
    for record in records:
        for resource in record.resources:
            groups[record.source.mapping, resource].append(record)
    any_quarantined = any(
        landed.counts.quarantined for record in records for landed in record.resources.values()
    )
    # looking for answers reads keys of every landed row
    waiting = Counter(
        (row.load_id, row.resource) for row in (open_quarantine(home) if any_quarantined else ())
    )
    found = [_landed_of(group, *key, waiting) for key, group in sorted(groups.items())]
    return [line for line in found if line.read]


def _landed_of(
    records: list[LoadRecord], mapping: str, resource: str, waiting: Mapping[tuple[str, str], int]
) -> Landed:
    counts = [record.resources[resource].counts for record in records]
    newest = [at for record in records if (at := record.resources[resource].newest_at) is not None]
    reasons: Counter[str] = Counter()
    for count in counts:
        reasons.update(count.quarantine_reasons)
    return Landed(
        mapping=mapping,
        resource=resource,
        loads=sum(1 for count in counts if count.read > count.elsewhere),
        read=sum(count.read - count.elsewhere for count in counts),
        landed=sum(count.landed for count in counts),
        unchanged=sum(count.unchanged for count in counts),
        excluded=sum(sum(count.excluded.values()) for count in counts),
        quarantined=sum(count.quarantined for count in counts),
        waiting=sum(waiting[record.load_id, resource] for record in records),
        newest_at=max(newest, default=None),
        reasons=tuple(sorted(reasons.items())),
    )
