"""From a channel's batches to staged files: checks, tokens, hashes, what is new, what is sealed.

Here: what a landing computes, in the connection and in its staging folder. Not here: making it visible (register).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
from duckdb import CaseExpression, DuckDBPyConnection, DuckDBPyRelation, Expression, StarExpression

from siyu.engine import call
from siyu.errors import RefusedError, SiyuError
from siyu.landing.batch import Batch, Source
from siyu.landing.personal import Keys, Tokenizer, compared_kind, names_nobody, seal
from siyu.landing.quarantine import mask_row, write_quarantine
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import Counts, LandedResource, LoadRecord, StoredFile, of_channel
from siyu.landing.redaction import PossibleNames, names_in, row_count, token_columns, without
from siyu.landing.rules import SEEDS, check_rules, rule_rejects_table
from siyu.landing.sql import (
    SEPARATOR,
    as_type,
    column,
    concatenated,
    constant,
    keep_table,
    or_empty,
    raw_key,
    show_as,
    text,
    trimmed,
)
from siyu.landing.tombstones import Tombstones
from siyu.resources import DUCKDB_TYPES, OBSERVED_COLUMNS, Field, Personal, Resource, raw_columns
from siyu.settings import Home, Settings
from siyu.storage import sha256_of

_HASH_LENGTH = 32
_DIGEST_LENGTH = 16
_CUSTOMER = "customer_id"
_NO_TEXT = as_type(constant(None), "varchar")
_OF_ITEM = {"_item": "bigint", **OBSERVED_COLUMNS}  # columns of records that come from an API

_BATCH_SHAPE = """
with

source_rows as (

    select _source_row from landing_records
    union all
    select _source_row from landing_unread

)

select
    (select count(*) from landing_records),
    (select count(*) from landing_unread),
    count(distinct _source_row),
    (select count(*) from landing_unread where not coalesce(regexp_full_match(reason, '[a-z][a-z0-9_]{0,63}'), false))
from source_rows
"""
_KEPT = "select landing_records.* from landing_records anti join landing_broken using (_source_row)"
# A document's hash does not depend on the order of its lines. It starts with their number: of two versions that
# nothing else tells apart the fuller one sorts higher, so that a document whose bad line was mended wins.
_DOCUMENTS = """
with

documents as (

    select
        _document,
        printf('%08x', count(*))
        || left(sha256(array_to_string(list_sort(list(_row_hash)), '')), 32) as _group_hash
    from landing_rows
    group by _document

)

select
    landing_rows._source_row,
    cast(row_number() over (partition by landing_rows._document order by _source_row) as integer) as _line_number,
    documents._group_hash
from landing_rows
inner join documents on landing_rows._document = documents._document
"""
_SINGLE_ROWS = """
select
    _source_row,
    cast(row_number() over (partition by _row_hash order by _source_row) as integer) as _line_number,
    _row_hash as _group_hash
from landing_rows
"""
_HASHED = """
select landing_rows.*, landing_positions._line_number, landing_positions._group_hash
from landing_rows
inner join landing_positions on landing_rows._source_row = landing_positions._source_row
"""
_NEW = """
select landing_hashed.*
from landing_hashed
anti join landing_registered on landing_hashed._group_hash = landing_registered._group_hash
"""
_LANDED_COUNTS = """
select count(*), max(_happened) filter (where not is_excluded)
from landing_landed
"""
_EXCLUDED_COUNTS = """
select exclusion_reason, count(*)
from landing_landed
where is_excluded
group by exclusion_reason
order by exclusion_reason
"""
_REASON_COUNTS = "select reason, count(*) from landing_rejects group by reason order by reason"
_REJECTS = "select * from landing_rejects order by _source_row"
_PERSONAL = """
with

owned as (

    select distinct owner, token from landing_owned

)

select owned.owner, owned.token, min(landing_tokens.value) as value
from owned
inner join landing_tokens on owned.token = landing_tokens.token
group by owned.owner, owned.token
order by owned.token, owned.owner
"""
_MISSING_KEYS = """
select count(*)
from (select distinct _key from landing_earlier) as earlier
anti join landing_rows on earlier._key = landing_rows._key
"""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A checked batch: its rows, hashed, and its rejects wait in tables of the connection."""

    batch: Batch
    rejects: int
    quarantine_reasons: dict[str, int]
    erased: int = 0  # rows that are gone, since they are of persons who were forgotten
    erased_rejects: int = 0  # of these, bad rows
    erased_keys: frozenset[str] = frozenset()  # digests of what told these rows apart
    is_redacted: bool = False

    @property
    def resource(self) -> Resource:
        """What the rows are."""
        return self.batch.resource

    @property
    def rows_table(self) -> str:
        """Rows that keep the rules, in raw columns and hashed."""
        return f"landing_{self.resource.name}_{'redacted' if self.is_redacted else 'rows'}"

    @property
    def positions_table(self) -> str:
        """Line number and group hash of each row."""
        return f"landing_{self.resource.name}_positions"

    @property
    def rejects_table(self) -> str:
        """Rows of the channel's and of our own rejects, clear."""
        return _rejects_table(self.resource)

    def tokens_table(self, field: Field) -> str:
        """The tokens of one personal field and the values behind them."""
        return f"landing_{self.resource.name}_{field.name}_tokens"


class Vault:
    """What will be sealed with a load; an identifier that several resources share goes in once."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._identifiers: set[tuple[str, str]] = set()

    def add(self, record: dict[str, Any]) -> int:
        """The position of the record in the vault file."""
        self.records.append(record)
        return len(self.records) - 1

    def add_identifier(self, field: str, token: str, value: str) -> None:
        """The value behind a token, unless it is in already."""
        if (field, token) not in self._identifiers:
            self._identifiers.add((field, token))
            self.add({"kind": "identifier", "field": field, "token": token, "value": value})


@dataclass(frozen=True, kw_only=True)
class Staged:
    """Files in the staging folder by the name they will have in the home, and what the record will say of them."""

    files: dict[str, Path]
    resources: dict[str, LandedResource]
    vault: StoredFile | None


def prepare(
    connection: DuckDBPyConnection,
    settings: Settings,
    tokenizer: Tokenizer,
    batch: Batch,
    *,
    landing_date: date,
    seeds: Path,
) -> Prepared:
    """Check a batch, replace its identifiers by tokens and hash its rows; nothing leaves the connection.

    Raises:
        RefusedError: See `check_rules`.
        SiyuError: The batch does not add up, or lacks a column: a fault of the channel.
    """
    unread = _rejects_shape(connection.table(batch.rejects))
    show_as("landing_records", connection.table(batch.records))
    show_as("landing_unread", unread)
    _check_shape(connection, batch)
    check_rules(connection, settings, batch, landing_date=landing_date, seeds=seeds)
    broken = _rejects_shape(connection.table(rule_rejects_table(batch.resource)))
    keep_table(connection, _rejects_table(batch.resource), unread.union(broken))
    show_as("landing_rejects", connection.table(_rejects_table(batch.resource)))
    reasons: dict[str, int] = dict(connection.sql(_REASON_COUNTS).fetchall())
    prepared = Prepared(batch=batch, rejects=sum(reasons.values()), quarantine_reasons=reasons)
    keep_table(connection, prepared.rows_table, _rows(connection, tokenizer, prepared))
    show_as("landing_rows", connection.table(prepared.rows_table))
    positions = connection.sql(_DOCUMENTS if batch.resource.grouped else _SINGLE_ROWS)
    keep_table(connection, prepared.positions_table, positions)
    if keys := tokenizer.hash_keys:
        _rehash(connection, prepared.rows_table, "_row_hash", keys)
        _rehash(connection, prepared.positions_table, "_group_hash", keys)
    return prepared


def _rehash(connection: DuckDBPyConnection, table: str, name: str, keys: Sequence[str]) -> None:
    """Put the keyed hashes in the place of a column of hashes."""
    keyed = rehashed(column(name), keys).alias(name)
    rows = connection.table(table).select(StarExpression(exclude=[name]), keyed)
    keep_table(connection, "landing_keyed", rows)
    keep_table(connection, table, connection.table("landing_keyed"))


def rehashed(hashed: Expression, keys: Sequence[str]) -> Expression:
    """Hashes of rows or documents, keyed by the re-keyings in their order; a count of lines stays before the hash."""
    lines, rest = call("left", hashed, constant(-_HASH_LENGTH)), call("right", hashed, constant(_HASH_LENGTH))
    for key in keys:
        rest = call("left", call("sha256", call("||", constant(key), rest)), constant(_HASH_LENGTH))
    return call("||", lines, rest)


def quarantine_limit(settings: Settings, rows_read: int) -> float:
    """Up to how many of a load's rows may be bad before all of it is refused."""
    return max(settings.quarantine_limit_rows, settings.quarantine_limit_share * rows_read)


def check_limit(settings: Settings, prepared: Iterable[Prepared], *, do: str) -> None:
    """Refuse a load with more bad rows than its home tolerates; `do` says where they are mended.

    Raises:
        RefusedError: The message lists reasons and counts. Nothing has been registered.
    """
    prepared = tuple(prepared)
    quarantined = sum(one.rejects + one.erased_rejects for one in prepared)
    rows_read = max((one.batch.rows_read for one in prepared), default=0)
    limit = quarantine_limit(settings, rows_read)
    if quarantined <= limit:
        return
    reasons = ", ".join(
        f"{one.resource.name} {reason}: {count}"
        for one in prepared
        for reason, count in one.quarantine_reasons.items()
    )
    raise RefusedError(
        f"{quarantined} of {rows_read} rows cannot be understood ({reasons})",
        expected=f"at most {limit:g} (quarantine_limit_rows, quarantine_limit_share)",
        do=f"{do}, or raise the limit in siyu.yml",
    )


def keep_out_rejects(
    connection: DuckDBPyConnection,
    prepared: Prepared,
    tombstones: Tombstones,
    tokenizer: Tokenizer,
    seeds: Path = SEEDS,
) -> Prepared:
    """A batch without the bad rows in which somebody is named who was forgotten."""
    if not tombstones or not prepared.rejects:
        return prepared
    possible = PossibleNames(tokenizer, [prepared.resource], seeds)
    rejects = connection.table(prepared.rejects_table)
    erased = [
        source_row
        for source_row, row_text in rejects.select("_source_row", "row_text").fetchall()
        if tombstones.among(possible.of(row_text))
    ]
    if erased:
        named = column("_source_row").isin(*map(constant, erased))
        keep_table(connection, "landing_rejects_left", rejects.filter(~named))
        keep_table(connection, prepared.rejects_table, connection.table("landing_rejects_left"))
    show_as("landing_rejects", connection.table(prepared.rejects_table))
    reasons: dict[str, int] = dict(connection.sql(_REASON_COUNTS).fetchall())
    left = sum(reasons.values())
    gone = prepared.rejects - left  # a second call, for a load that came between, finds them gone
    told_apart = frozenset(_digest(f"reject {source_row}") for source_row in erased)
    return replace(
        prepared,
        rejects=left,
        quarantine_reasons=reasons,
        erased=prepared.erased + gone,
        erased_rejects=prepared.erased_rejects + gone,
        erased_keys=prepared.erased_keys | told_apart,
    )


def keep_out(connection: DuckDBPyConnection, prepared: Prepared, tombstones: Tombstones) -> Prepared:
    """A batch without those who were forgotten; its hashes stay, so that what landed before is known again."""
    rows = connection.table(prepared.rows_table)
    erased = tombstones.among(names_in(rows, token_columns(prepared.resource))) if tombstones else frozenset()
    if not erased:
        return prepared
    redacted = replace(prepared, is_redacted=True)
    keep_table(connection, redacted.rows_table, without(rows, prepared.resource, erased))
    left = connection.table(redacted.rows_table)
    gone = names_in(rows.select("_key").except_(left.select("_key")), ["_key"])
    return replace(
        redacted,
        erased=prepared.erased + row_count(rows) - row_count(left),
        erased_keys=prepared.erased_keys | frozenset(map(_digest, gone)),
    )


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]


def stage(
    connection: DuckDBPyConnection,
    home: Home,
    *,
    keys: Keys,
    folder: Path,
    source: Source,
    load_id: str,
    prepared: Iterable[Prepared],
    registered: tuple[LoadRecord, ...],
    tombstones: Tombstones,
) -> Staged:
    """Write what is new against the registered loads into the staging folder, with quarantine and vault.

    Raises:
        DamagedFileError: A registered file cannot be read.
    """
    files: dict[str, Path] = {}
    resources: dict[str, LandedResource] = {}
    sealing = Vault()
    registered = of_channel(registered, source.channel)
    for found in prepared:
        one = keep_out_rejects(connection, found, tombstones, keys.tokenizer)
        one = keep_out(connection, one, tombstones)
        name = one.resource.name
        raw = f"raw/{source.channel}/{name}/{load_id}.parquet"
        quarantine = f"quarantine/{source.channel}/{name}/{load_id}.parquet"
        counts, newest_at = _select_new(connection, home, one, registered)
        if counts.landed:
            files[raw] = folder / f"{name}.parquet"
            write_rows(connection, one.resource, load_id, files[raw])
        if one.rejects:
            files[quarantine] = folder / f"{name}.quarantine.parquet"
            write_quarantine(
                files[quarantine],
                rejected(
                    connection,
                    one,
                    tokenizer=keys.tokenizer,
                    source_name=source.name,
                    load_id=load_id,
                    sealing=sealing,
                ),
            )
        resources[name] = LandedResource(
            raw=stored(raw, files, counts.landed),
            quarantine=stored(quarantine, files, one.rejects),
            counts=counts,
            newest_at=newest_at,
        )
        add_personal_values(connection, one, sealing)
    vault = f"vault/{load_id}.sealed"
    if sealing.records:
        files[vault] = folder / "vault.sealed"
        seal(files[vault], sealing.records, keys.vault_public_key)
    return Staged(files=files, resources=resources, vault=stored(vault, files, len(sealing.records)))


def reads_again(
    connection: DuckDBPyConnection, home: Home, prepared: Iterable[Prepared], earlier: LoadRecord
) -> bool:
    """Whether these batches hold every row of business that an earlier load of the same file had: the file was mended.

    A new export under an old name does not; the rows it left in quarantine stay open.
    """
    ours = {one.resource.name: one for one in prepared}
    for name, landed in earlier.resources.items():
        one = ours.get(name)
        if one is None or one.batch.rows_read < landed.counts.read:
            return False
        rows = registered_rows(connection, home, (earlier,), one.resource)
        show_as("landing_earlier", rows.select(_key(one.resource).alias("_key")))
        show_as("landing_rows", connection.table(one.rows_table))
        if _one_row(connection.sql(_MISSING_KEYS)) != (0,):
            return False
    return True


def _rejects_table(resource: Resource) -> str:
    return f"landing_{resource.name}_rejects"


def _check_shape(connection: DuckDBPyConnection, batch: Batch) -> None:
    resource = batch.resource
    needed = [field.name for field in resource.fields] + ["_source_row", "_exclusion"]
    needed += _OF_ITEM if resource.is_observed else []
    if missing := [name for name in needed if name not in connection.table(batch.records).columns]:
        raise SiyuError(
            f"the records of {resource.name} lack {', '.join(missing)}", expected="every field of it"
        )
    records, rejects, distinct_rows, bad_reasons = _one_row(connection.sql(_BATCH_SHAPE))
    if batch.rows_read != batch.rows_elsewhere + records + rejects or distinct_rows != records + rejects:
        raise SiyuError(
            f"{resource.name}: {batch.rows_read} rows read, {batch.rows_elsewhere} elsewhere, {records} records and "
            f"{rejects} rejects from {distinct_rows} rows",
            expected="rows read = elsewhere + records + rejects, each from a row of its own",
        )
    if bad_reasons:
        raise SiyuError(
            f"{resource.name}: {bad_reasons} rejects have a reason that is no code", expected="a-z, 0-9, _"
        )


def _rejects_shape(relation: DuckDBPyRelation) -> DuckDBPyRelation:
    there = set(relation.columns)
    optional = [
        (text(column(name)) if name in there else _NO_TEXT).alias(name)
        for name in ("brand_code", "channel_code", "key_text")
    ]
    own = [text(column(name)).alias(name) for name in ("reason", "column_name", "row_text")]
    return relation.select(as_type(column("_source_row"), "bigint").alias("_source_row"), *own, *optional)


def _rows(connection: DuckDBPyConnection, tokenizer: Tokenizer, prepared: Prepared) -> DuckDBPyRelation:
    """Records that keep the rules: raw columns, hashes, columns that only landing reads; no clear personal value."""
    resource = prepared.resource
    personal = [field for field in resource.fields if field.personal is not Personal.NONE]
    kept = connection.sql(_KEPT)
    kept = kept.select(
        StarExpression(), *(_lookup(field).alias(f"_lookup_{field.name}") for field in personal)
    )
    for field in personal:
        lookup = f"_lookup_{field.name}"
        values = kept.filter(column(lookup).isnotnull()).select(lookup).distinct()
        tokens = connection.from_arrow(_tokens(tokenizer, field, values.to_arrow_table().column(0)))
        keep_table(connection, prepared.tokens_table(field), tokens)
        answers = connection.table(prepared.tokens_table(field)).select(
            column("lookup").alias(f"_of_{field.name}"),
            column("token").alias(f"_token_{field.name}"),
            column("first_token").alias(f"_first_{field.name}"),
            column("compared_token").alias(f"_compared_{field.name}"),
        )
        kept = kept.join(answers, column(lookup) == column(f"_of_{field.name}"), how="left")
    values_of = {field.name: _landing_value(field) for field in resource.fields}
    reason = column("_exclusion")
    # of tokens as they were before any re-keying: what has landed before one is known after it
    content = _content(
        resource, values_of | {field.name: column(f"_first_{field.name}") for field in personal}, reason
    )
    row_hash = call("left", call("sha256", content), constant(_HASH_LENGTH))
    shown = values_of | {
        field.name: column(f"_compared_{field.name}")
        for field in personal
        if field.personal is Personal.COMPARED
    }
    landing = [shown[field.name].alias(field.raw_column) for field in resource.fields if field.raw_column]
    attributes = [
        values_of[field.name].alias(f"_attribute_{field.name}")
        for field in personal
        if field.personal is not Personal.IDENTIFIER
    ]
    rows = kept.select(
        *landing,
        *attributes,
        reason.isnotnull().alias("is_excluded"),
        text(reason).alias("exclusion_reason"),
        row_hash.alias("_row_hash"),
        as_type(column("_source_row"), "bigint").alias("_source_row"),
        _latest(resource).alias("_happened"),
        *(column(name) for name in (_OF_ITEM if resource.is_observed else {})),
    )
    return rows.select(StarExpression(), _key(resource).alias("_key"), _document(resource).alias("_document"))


def _content(resource: Resource, values_of: dict[str, Expression], reason: Expression) -> Expression:
    """What a row says, as one text: no two rows with different content have the same, since JSON frames its texts.

    Fields that were added later follow by name, and only where they have a value: a row that landed before they were
    has the same text again.
    """
    first = [text(values_of[field.name]) for field in resource.fields if not field.added_later]
    content = text(call("to_json", call("list_value", *first, text(reason))))
    for field in resource.fields:
        if field.added_later:
            value = text(values_of[field.name])
            named = text(call("to_json", call("list_value", constant(field.name), value)))
            there = CaseExpression(value.isnotnull(), named)
            content = call("||", content, or_empty(there))
    return content


def _lookup(field: Field) -> Expression:
    """A personal value, scoped where it only means something within its channel; blank is null."""
    if field.name != _CUSTOMER:
        return trimmed(field.name)
    separator = constant(SEPARATOR)
    return concatenated(
        [column("brand_code"), separator, column("channel_code"), separator, trimmed(field.name)]
    )


def _tokens(tokenizer: Tokenizer, field: Field, lookups: pa.ChunkedArray) -> pa.Table:
    values: list[str] = lookups.to_pylist()
    tokens = [_token(tokenizer, field, value) for value in values]
    first = [token and tokenizer.first(token) for token in tokens] if tokenizer.later else tokens
    return pa.table(
        {
            "lookup": pa.array(values, pa.string()),
            "token": pa.array(tokens, pa.string()),
            "first_token": pa.array(first, pa.string()),
            "compared_token": pa.array(
                [_compared_token(tokenizer, field, value) for value in values], pa.string()
            ),
            "value": pa.array(
                [value.rpartition(SEPARATOR)[2] if field.name == _CUSTOMER else value for value in values],
                pa.string(),
            ),
        }
    )


def _token(tokenizer: Tokenizer, field: Field, value: str) -> str | None:
    kind = field.identifier_kind
    return None if names_nobody(kind, value) else tokenizer.token(kind, value)


def _compared_token(tokenizer: Tokenizer, field: Field, value: str) -> str | None:
    """Beside the token that the hash of the row is made of, as it was before attributes were compared."""
    kind = compared_kind(field.name)
    if field.personal is not Personal.COMPARED or names_nobody(kind, value):
        return None
    return tokenizer.token(kind, value)


def _landing_value(field: Field) -> Expression:
    if field.personal is not Personal.NONE:
        return column(f"_token_{field.name}")
    return as_type(column(field.name), DUCKDB_TYPES[field.type])


def _key(resource: Resource) -> Expression:
    return concatenated([column("channel_code"), constant(SEPARATOR), raw_key(resource)])


def _document(resource: Resource) -> Expression:
    if not resource.grouped:
        return column("_row_hash")
    if resource.is_observed:
        return text(column("_item"))  # an answer of an API frames its documents itself
    version = or_empty(text(column(resource.version))) if resource.version else constant("")
    return concatenated([_key(resource), constant(SEPARATOR), version])


def _latest(resource: Resource) -> Expression:
    happened = as_type(column(resource.happened) if resource.happened else constant(None), "timestamp")
    if not any(field.name == "paid_at" for field in resource.fields):
        return happened
    return call("greatest", happened, column("paid_at"))


def _select_new(
    connection: DuckDBPyConnection, home: Home, prepared: Prepared, registered: tuple[LoadRecord, ...]
) -> tuple[Counts, datetime | None]:
    """Bind `landing_landed` to the rows that no registered load has, and count."""
    keep_table(
        connection, "landing_registered", known_hashes(connection, home, registered, prepared.resource)
    )
    show_as("landing_rows", connection.table(prepared.rows_table))
    show_as("landing_positions", connection.table(prepared.positions_table))
    show_as("landing_hashed", connection.sql(_HASHED))
    new = connection.sql(_NEW)
    if not prepared.resource.grouped:
        new = new.filter(column("_line_number") == constant(1))  # an identical row again says nothing new
    show_as("landing_landed", new)
    return count_landed(connection, prepared)


def known_hashes(
    connection: DuckDBPyConnection, home: Home, registered: tuple[LoadRecord, ...], resource: Resource
) -> DuckDBPyRelation:
    """The content of every document of a resource that the given loads of its channel hold."""
    return registered_rows(connection, home, registered, resource).select("_group_hash").distinct()


def count_landed(connection: DuckDBPyConnection, prepared: Prepared) -> tuple[Counts, datetime | None]:
    """Where the rows of a batch went, `landing_landed` being those that land, and the newest that counts."""
    landed, newest = _one_row(connection.sql(_LANDED_COUNTS))
    excluded: dict[str, int] = dict(connection.sql(_EXCLUDED_COUNTS).fetchall())
    kept = row_count(connection.table(prepared.rows_table))
    counts = Counts(
        read=prepared.batch.rows_read,
        elsewhere=prepared.batch.rows_elsewhere,
        landed=landed,
        unchanged=kept - landed,
        quarantined=prepared.rejects,
        erased=prepared.erased,
        excluded=excluded,
        quarantine_reasons=prepared.quarantine_reasons,
    )
    if not counts.is_conserved:
        raise SiyuError(f"{prepared.resource.name}: rows do not add up: {counts}", do="report this as a bug")
    return counts, newest.replace(tzinfo=UTC) if newest else None


def write_rows(connection: DuckDBPyConnection, resource: Resource, load_id: str, target: Path) -> None:
    """Write `landing_landed` as a raw file."""
    rows = connection.table("landing_landed").order("_source_row")
    columns = [
        constant(load_id).alias(name) if name == "_load_id" else as_type(column(name), type_name).alias(name)
        for name, type_name in raw_columns(resource).items()
    ]
    rows.select(*columns).write_parquet(str(target), compression="zstd")


def rejected(
    connection: DuckDBPyConnection,
    prepared: Prepared,
    *,
    tokenizer: Tokenizer,
    source_name: str,
    load_id: str,
    sealing: Vault,
) -> list[dict[str, Any]]:
    """The rows of the quarantine file; the clear rows go to what will be sealed."""
    show_as("landing_rejects", connection.table(prepared.rejects_table))
    resource = prepared.resource
    rows = []
    for source_row, reason, column_name, row_text, brand, channel, key in connection.sql(_REJECTS).fetchall():
        position = sealing.add(
            {"kind": "row", "resource": resource.name, "source_row": source_row, "row": row_text}
        )
        rows.append(
            {
                "load_id": load_id,
                "resource": resource.name,
                "source_name": source_name,
                "source_row": source_row,
                "reason": reason,
                "column_name": column_name,
                "masked_row": mask_row(row_text or ""),
                "sealed_reference": f"{load_id}:{position}",
                "channel_code": channel,
                "group_key": _raw_key(tokenizer, resource, brand, channel, key),
            }
        )
    return rows


def _raw_key(
    tokenizer: Tokenizer, resource: Resource, brand: str | None, channel: str | None, key: str | None
) -> str | None:
    """A rejected row's key as raw would have it; None when it cannot be known."""
    if not key or not key.strip() or not channel:
        return None
    clear = key.split(SEPARATOR) if resource.within else [key]
    if len(clear) != len(resource.key_fields):
        return None
    parts = []
    for field, value in zip(resource.key_fields, clear, strict=True):
        if field.personal is Personal.NONE:
            parts.append(value)
        elif field.name != _CUSTOMER:
            parts.append(tokenizer.token(field.identifier_kind, value))
        elif brand:
            parts.append(tokenizer.customer(brand, channel, value))
        else:
            return None
    return SEPARATOR.join(parts)


def add_personal_values(connection: DuckDBPyConnection, prepared: Prepared, sealing: Vault) -> None:
    """The clear values behind the landed rows: identifiers once per token, attributes once per owner and value."""
    landed = connection.table("landing_landed")
    has_customer = any(field.name == _CUSTOMER for field in prepared.resource.fields)
    for field in prepared.resource.fields:
        if field.personal is Personal.NONE:
            continue
        is_identifier = field.personal is Personal.IDENTIFIER
        owner = column("customer_token") if has_customer and not is_identifier else _NO_TEXT
        token = column(field.token_column if is_identifier else f"_attribute_{field.name}")
        show_as("landing_owned", landed.select(owner.alias("owner"), token.alias("token")))
        show_as("landing_tokens", connection.table(prepared.tokens_table(field)))
        for of, found, value in connection.sql(_PERSONAL).fetchall():
            if is_identifier:
                sealing.add_identifier(field.identifier_kind, found, value)
            else:
                sealing.add({"kind": field.personal.value, "field": field.name, "owner": of, "value": value})


def stored(name: str, files: dict[str, Path], rows: int) -> StoredFile | None:
    """What a record says of a staged file; None for one that was not needed."""
    path = files.get(name)
    if path is None:
        return None
    return StoredFile(file=name, sha256=sha256_of(path), bytes=path.stat().st_size, rows=rows)


def _one_row(relation: DuckDBPyRelation) -> tuple[Any, ...]:
    row = relation.fetchone()
    if row is None:
        raise SiyuError("a count came back empty", do="report this as a bug")
    return tuple(row)
