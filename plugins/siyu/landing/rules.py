"""Row rules: what a record must keep to before it may land.

Here: required values, signs, dates, known codes and currencies. Not here: casting text (channels), logic (dbt).
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from duckdb import CaseExpression, DuckDBPyConnection, DuckDBPyRelation, Expression

from siyu.clock import local_date
from siyu.engine import call
from siyu.errors import RefusedError, SiyuError
from siyu.landing.batch import Batch
from siyu.landing.sql import as_type, column, constant, joined, keep_table, show_as, text
from siyu.resources import Resource
from siyu.settings import PROJECT, Settings

_SEED_OF_CODE = {"brand_code": "brands.csv", "channel_code": "channels.csv"}
_LIST_SOURCES = "contact_list_sources.csv"
SEEDS = PROJECT / "dbt_project" / "seeds"

MISSING_VALUE = "missing_value"
NEGATIVE_VALUE = "negative_value"
NOT_CONSENTED = "not_consented"
DATE_AFTER_LANDING = "date_after_landing"

# Things that have happened, beside each resource's own `happened`; a membership may well end in the future.
_PAST_FIELDS = ("paid_at", "cancelled_at", "refunded_at", "added_at", "updated_at")
_TEXT_TYPES = ("text", "id")
_DAYS_AHEAD = 1  # clocks differ; tomorrow is still believed
_SHOWN_CODES = 5
_HARMLESS_CODE = re.compile(r"[A-Za-z][A-Za-z_]{0,30}\d{0,3}")

_WITH_TEXT = """
select
    rejects._source_row,
    rejects.reason,
    rejects.column_name,
    cast(to_json(landing_records) as varchar) as row_text,
    keys.brand_code,
    keys.channel_code,
    keys.key_text
from landing_records
inner join landing_broken as rejects on landing_records._source_row = rejects._source_row
inner join landing_record_keys as keys on rejects._source_row = keys._source_row
order by rejects._source_row
"""
_KEPT_CODES = """
select
    landing_coded.brand_code,
    landing_coded.channel_code,
    landing_coded.currency_code,
    min(landing_coded.happened) as first_happened
from landing_coded
anti join landing_broken on landing_coded._source_row = landing_broken._source_row
group by all
order by all
"""


@dataclass(frozen=True, kw_only=True)
class _Rule:
    reason: str
    column_name: str
    is_broken: Expression


def rule_rejects_table(resource: Resource) -> str:
    """Name of the table that `check_rules` fills."""
    return f"landing_{resource.name}_rule_rejects"


def check_rules(
    connection: DuckDBPyConnection,
    settings: Settings,
    batch: Batch,
    *,
    landing_date: date,
    seeds: Path = SEEDS,
) -> str:
    """Find the records of a batch that may not land; nothing is written outside the connection.

    Reasons: `missing_value`, `negative_value` (not for excluded rows), `not_consented` (the resource needs consent and
    the row has none), `date_after_landing` (the business-zone date of something that has happened is later than the
    landing date + 1). A row has one reason: the first in that order.

    Args:
        connection: Holds the batch's tables.
        settings: Business time zone and reporting currency.
        batch: Its `records` are checked; its `rejects` are left alone.
        landing_date: Business-zone date of the landing.
        seeds: Folder with brands.csv, channels.csv and fx_rates.csv.

    Returns:
        The name of a table shaped like `batch.rejects`: `_source_row, reason, column_name, row_text` (clear values:
        mask it before showing it), `brand_code, channel_code, key_text`. `landing.sql.drop_workspace` removes it.

    Raises:
        RefusedError: A brand or channel is in no seed, or a currency has no rate on the day of its first record:
            the whole load is refused, since its rows cannot be told apart from good ones. Or it is a list of contacts
            that is not the brand's own: of that nothing is kept, in quarantine neither.
    """
    records = connection.table(batch.records)
    _check_list_sources(records, batch.resource, seeds)
    show_as("landing_records", records)
    keep_table(connection, "landing_broken", _broken(records, settings, batch.resource, landing_date))
    _check_codes(connection, records, settings, batch.resource, seeds)
    key_text = joined(column(field.name) for field in batch.resource.key_fields).alias("key_text")
    owners = (column("brand_code"), column("channel_code"))
    show_as("landing_record_keys", records.select(column("_source_row"), *owners, key_text))
    keep_table(connection, rule_rejects_table(batch.resource), connection.sql(_WITH_TEXT))
    return rule_rejects_table(batch.resource)


def _broken(
    records: DuckDBPyRelation, settings: Settings, resource: Resource, landing_date: date
) -> DuckDBPyRelation:
    """`_source_row, reason, column_name` of the rows that break a rule; the first that a row breaks names it."""
    rules = tuple(_rules(settings, resource, landing_date))
    if not rules:
        raise SiyuError(f"resource {resource.name} has no rule", expected="at least a required field")
    first, *others = rules
    reason = CaseExpression(first.is_broken, constant(first.reason))
    column_name = CaseExpression(first.is_broken, constant(first.column_name))
    for rule in others:
        reason = reason.when(rule.is_broken, constant(rule.reason))
        column_name = column_name.when(rule.is_broken, constant(rule.column_name))
    named = records.select(column("_source_row"), reason.alias("reason"), column_name.alias("column_name"))
    return named.filter(column("reason").isnotnull())


def _rules(settings: Settings, resource: Resource, landing_date: date) -> Iterator[_Rule]:
    counts = column("_exclusion").isnull()
    for field in resource.fields:
        if field.required:
            # what was cancelled often has no amount, and without the row nobody would know that it was
            needed = counts if field.type == "amount" else constant(True)
            is_broken = needed & _is_blank(resource, field.name)
            yield _Rule(reason=MISSING_VALUE, column_name=field.name, is_broken=is_broken)
    for name in resource.not_negative:
        is_broken = counts & (column(name) < constant(0))
        yield _Rule(reason=NEGATIVE_VALUE, column_name=name, is_broken=is_broken)
    if resource.consented:
        is_broken = column(resource.consented) == constant(False)
        yield _Rule(reason=NOT_CONSENTED, column_name=resource.consented, is_broken=is_broken)
    for field in resource.fields:
        if field.name == resource.happened or field.name in _PAST_FIELDS:
            latest = landing_date + timedelta(days=_DAYS_AHEAD)
            if field.type == "date":
                is_broken = column(field.name) > constant(latest)
            else:
                is_broken = column(field.name) >= constant(_end_of(latest, settings.business_timezone))
            yield _Rule(reason=DATE_AFTER_LANDING, column_name=field.name, is_broken=is_broken)


def _is_blank(resource: Resource, name: str) -> Expression:
    value = column(name)
    if resource.field(name).type not in _TEXT_TYPES:
        return value.isnull()
    return value.isnull() | (call("trim", text(value)) == constant(""))


def _end_of(day: date, timezone: str) -> datetime:
    """The first moment after a business day, UTC without a zone, as records hold it."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, tzinfo=ZoneInfo(timezone))
    return midnight.astimezone(UTC).replace(tzinfo=None)


def known_codes(name: str, seeds: Path = SEEDS) -> set[str]:
    """The codes that a seed knows: `name` is brand_code or channel_code."""
    return {row[name] for row in _seed_rows(seeds / _SEED_OF_CODE[name])}


def _check_list_sources(records: DuckDBPyRelation, resource: Resource, seeds: Path) -> None:
    if not any(field.name == "list_source" for field in resource.fields):
        return
    found = {source for (source,) in records.select(column("list_source")).distinct().fetchall() if source}
    known = {row["list_source"] for row in _seed_rows(seeds / _LIST_SOURCES)}
    if unknown := sorted(found - known):
        raise RefusedError(
            f"{resource.name}: list_source is {_shown(unknown)}",
            expected=f"a list_source of seed {_LIST_SOURCES} ({', '.join(sorted(known))})",
            do="take the list out of what is read: only lists of the brand's own may land",
        )


def _check_codes(
    connection: DuckDBPyConnection,
    records: DuckDBPyRelation,
    settings: Settings,
    resource: Resource,
    seeds: Path,
) -> None:
    coded = _codes(connection, records, resource)
    for name, seed in _SEED_OF_CODE.items():
        known = known_codes(name, seeds)
        unknown = {str(row[name]) for row in coded if row[name] is not None} - known
        if unknown:
            raise RefusedError(
                f"{resource.name}: {name} is {_shown(sorted(unknown))}",
                expected=f"a {name} of seed {seed} ({', '.join(sorted(known)[:20])})",
                do=f"mend the mapping, or add the code to {seed}",
            )
    first_happened: dict[str, datetime | date | None] = {}
    for row in coded:
        if (code := row["currency_code"]) is not None:
            moments = [at for at in (row["happened"], first_happened.get(code)) if at is not None]
            first_happened[code] = min(moments, default=None)
    _check_currencies(first_happened, settings, resource, seeds)


def _check_currencies(
    first_happened: Mapping[str, datetime | date | None], settings: Settings, resource: Resource, seeds: Path
) -> None:
    foreign = sorted(set(first_happened) - {settings.reporting_currency})
    first_rate: dict[str, date] = {}
    for row in _seed_rows(seeds / "fx_rates.csv") if foreign else ():
        valid_from = date.fromisoformat(row["valid_from"])
        first_rate[row["currency_code"]] = min(valid_from, first_rate.get(row["currency_code"], valid_from))
    for code in foreign:
        needed = _first_day(first_happened[code], settings.business_timezone)
        if code not in first_rate or (needed is not None and first_rate[code] > needed):
            when = f" on {needed.isoformat()}" if needed else ""
            raise RefusedError(
                f"{resource.name}: amounts in {_shown([code])} have no exchange rate{when}",
                expected=f"{settings.reporting_currency} (reporting_currency of siyu.yml in the home), or a row of seed"
                " fx_rates.csv valid from that day or earlier",
                do=f"add the rate to {seeds / 'fx_rates.csv'}, or mend the currency in the mapping",
            )


def _first_day(happened: datetime | date | None, timezone: str) -> date | None:
    if isinstance(happened, datetime):
        return local_date(happened.replace(tzinfo=UTC), timezone)
    return happened


def _codes(
    connection: DuckDBPyConnection, records: DuckDBPyRelation, resource: Resource
) -> list[dict[str, Any]]:
    """The brands, channels and currencies that occur together, and when the first of their records happened."""
    has_currency = any(field.name == "currency_code" for field in resource.fields)
    currency = column("currency_code") if has_currency else as_type(constant(None), "varchar")
    codes = (*(column(name) for name in _SEED_OF_CODE), currency.alias("currency_code"))
    happened = column(resource.happened) if resource.happened else as_type(constant(None), "timestamp")
    show_as("landing_coded", records.select(column("_source_row"), *codes, happened.alias("happened")))
    return [
        dict(zip((*_SEED_OF_CODE, "currency_code", "happened"), row, strict=True))
        for row in connection.sql(_KEPT_CODES).fetchall()
    ]


def _seed_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _shown(codes: list[str]) -> str:
    """Codes for a message; what does not look like one may be a person's value from a wrong column."""
    shown = [
        repr(code) if _HARMLESS_CODE.fullmatch(code) else "(not a code)" for code in codes[:_SHOWN_CODES]
    ]
    more = f" and {len(codes) - _SHOWN_CODES} more" if len(codes) > _SHOWN_CODES else ""
    return ", ".join(dict.fromkeys(shown)) + more
