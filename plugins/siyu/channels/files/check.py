"""What a mapping would land, exclude and quarantine, and why, without writing anything."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from siyu.channels.files.claims import SourceFile, claim_files
from siyu.channels.files.extract import Extraction, extraction
from siyu.channels.files.mapping import Mapping, SourceMapping
from siyu.clock import local_date, utc_now
from siyu.errors import RefusedError, SourceError
from siyu.landing import Batch, check_rules, mask_row, quarantine_limit
from siyu.settings import Home, Settings

_SHOWN_ROWS = 5


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """Rows of one resource that would go to quarantine for one reason; samples are masked."""

    reason: str
    column: str | None
    rows: int
    source_rows: list[int]  # the first ones; 1-based rows of data
    samples: list[str]


@dataclass(frozen=True, kw_only=True)
class CheckedResource:
    """read = elsewhere + would_land + the rejected rows; excluded rows are part of would_land."""

    resource: str
    read: int
    elsewhere: int
    would_land: int
    excluded: dict[str, int]
    rejected: list[Rejected]


@dataclass(kw_only=True)
class CheckedFile:
    """One claimed file. `error`: why it, or its whole load, would be refused; empty when it would not."""

    file: str
    source: str
    encoding: str | None = None
    rows: int = 0
    rows_nowhere: int = 0
    looks_into: list[str] = field(default_factory=list)  # files it looks values up in
    unmatched: dict[str, int] = field(default_factory=dict)  # rows whose lookup found nothing, by lookup
    unmapped_columns: list[str] = field(default_factory=list)
    resources: list[CheckedResource] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """What `siyu mapping check` shows."""

    mapping: str
    files: list[CheckedFile]
    unclaimed: list[str]
    sources_without_a_file: dict[str, list[str]]  # with the names that they look for

    @property
    def is_refused(self) -> bool:
        """True when at least one file would not land at all."""
        return any(file.error for file in self.files)


def check_mapping(mapping: Mapping, path: Path, settings: Settings) -> Check:
    """Read every file that the mapping claims, as a landing would, and count what would become of its rows.

    Raises:
        UsageError, SourceError: The path is not there, or the mapping claims no file of it. A file that is wrong in
            itself does not raise: its `error` says so.
    """
    claims = claim_files(mapping, path)
    with tempfile.TemporaryDirectory(prefix="siyu-check-") as folder:
        home = Home(Path(folder))
        files = [_check_file(mapping, source, file, settings, home) for source, file in claims.claimed]
    base = path if path.is_dir() else path.parent
    return Check(
        mapping=mapping.name,
        files=files,
        unclaimed=[unclaimed.relative_to(base).as_posix() for unclaimed in claims.unclaimed],
        sources_without_a_file={
            source.name: list(source.files)
            for source in mapping.sources
            if source not in (claimed for claimed, _ in claims.claimed)
        },
    )


def _check_file(
    mapping: Mapping, source: SourceMapping, file: SourceFile, settings: Settings, home: Home
) -> CheckedFile:
    looks_into = [other.name for others in file.looks_into.values() for other in others]
    checked = CheckedFile(file=file.name, source=source.name, looks_into=looks_into)
    try:
        with extraction(mapping, source, file, settings, home) as found:
            checked.encoding, checked.rows = found.encoding, found.rows_read
            checked.rows_nowhere, checked.unmapped_columns = found.rows_nowhere, found.unmapped
            checked.unmatched = {key: rows for key, rows in found.unmatched.items() if rows}
            for batch in found.batches:
                checked.resources.append(_check_batch(found, batch, settings))
            checked.error = _too_many_bad_rows(checked, settings)
    except (SourceError, RefusedError) as error:
        checked.error = str(error)
    return checked


def _too_many_bad_rows(checked: CheckedFile, settings: Settings) -> str:
    bad = sum(rejected.rows for part in checked.resources for rejected in part.rejected)
    limit = quarantine_limit(settings, checked.rows)
    if bad <= limit:
        return ""
    return f"{bad} of {checked.rows} rows cannot be understood; expected at most {limit:g}; mend the mapping"


def _check_batch(found: Extraction, batch: Batch, settings: Settings) -> CheckedResource:
    connection = found.connection
    today = local_date(utc_now(), settings.business_timezone)
    by_rule = connection.table(check_rules(connection, settings, batch, landing_date=today))
    columns = "_source_row, reason, column_name, row_text"
    rejects = connection.table(batch.rejects).select(columns).union(by_rule.select(columns))
    groups = rejects.aggregate(
        "reason, column_name, count(*), min_by(row_text, _source_row, 5), min(_source_row, 5)"
    ).fetchall()
    ruled_out = by_rule.select("_source_row")
    landing = connection.table(batch.records).join(ruled_out, "_source_row", how="anti")
    reasons = landing.aggregate("_exclusion, count(*)").order("1 nulls first").fetchall()
    return CheckedResource(
        resource=batch.resource.name,
        read=batch.rows_read,
        elsewhere=batch.rows_elsewhere,
        would_land=sum(count for _, count in reasons),
        excluded={reason: count for reason, count in reasons if reason is not None},
        rejected=[
            Rejected(
                reason=reason,
                column=column,
                rows=count,
                source_rows=sorted(rows),
                samples=[mask_row(text) for text in texts if text][:_SHOWN_ROWS],
            )
            for reason, column, count, texts, rows in sorted(groups, key=lambda group: -group[2])
        ],
    )
