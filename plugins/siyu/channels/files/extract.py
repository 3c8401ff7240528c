"""One file through its mapping into the batches that landing takes: records and rejects per resource, in memory.

Every row of the file ends in exactly one place per resource: elsewhere, a record, or a reject with a reason.
A row that cannot be read, or whose deciding column cannot, is rejected once: in the first resource of the source.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    Expression,
    SQLExpression,
    StarExpression,
)

from siyu.channels.files.casting import FAULTS, ROW_TEXT, SOURCE_ROW, cast_source, create_macros
from siyu.channels.files.claims import SourceFile
from siyu.channels.files.conditions import is_true
from siyu.channels.files.loading import PRODUCTS
from siyu.channels.files.lookups import LookedInto, join_lookups, without_the_rest
from siyu.channels.files.mapping import FieldMapping, Mapping, ResourceMapping, SourceMapping
from siyu.channels.files.operands import operand
from siyu.channels.files.reading import Reading, open_source
from siyu.engine import call, connect, quoted
from siyu.errors import SourceError
from siyu.landing.batch import Batch, Source
from siyu.resources import DUCKDB_TYPES, RESOURCES, Resource
from siyu.resources import Field as ResourceField
from siyu.settings import Home, Settings
from siyu.state.staging import staging_folder
from siyu.storage import sha256_of

_VALUES, _FILE_VALUES = "source_values", "file_values"
_FAULT, _EXCLUSION = "_fault", "_exclusion"  # no key of a mapping starts with an underscore
_WHOLE_ROW = ""  # the column of a fault that concerns the row as a whole


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A file in memory: what landing takes, and what a person who checks a mapping wants to know besides."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    batches: list[Batch]
    rows_read: int
    rows_nowhere: int  # rows that no resource of the source takes
    unmatched: dict[str, int]  # rows whose lookup found nothing, by key of the lookup
    unmapped: list[str]
    encoding: str | None


def source_of(mapping: Mapping, mapping_source: SourceMapping, file: SourceFile) -> Source:
    """What `extract` would hand over as the file's source, without reading its rows: for telling what has landed.

    Raises:
        SourceError: The file, or one that it looks values up in, cannot be read.
    """
    others = [
        _fingerprint(other.path)
        for found in (file.looks_into.values() if mapping_source.lookups else ())
        for other in found
    ]
    return _source(mapping, file, _fingerprint(file.path), others)


@contextmanager
def extract(
    mapping: Mapping, mapping_source: SourceMapping, file: SourceFile, settings: Settings, home: Home
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Source, list[Batch]]]:
    """Read one claimed file into memory and yield what `siyu.landing.land` takes.

    Raises:
        SourceError: The file is not what the mapping says, or changed while it was read. Nothing has been written.
    """
    with extraction(mapping, mapping_source, file, settings, home) as found:
        yield found.connection, found.source, found.batches


@contextmanager
def extraction(
    mapping: Mapping, mapping_source: SourceMapping, file: SourceFile, settings: Settings, home: Home
) -> Iterator[Extraction]:
    """As `extract`, with everything that is known of the file."""
    with _memory(settings, home) as connection:
        with (
            _unchanged(file) as before,
            open_source(mapping_source, file, settings.cell_limit_bytes) as reading,
        ):
            _store_values(connection, reading, mapping, mapping_source, settings, table=_VALUES)
        others, unmatched = _look_up(connection, mapping, mapping_source, file, settings)
        source = _source(mapping, file, before, others)
        batches = [
            _batch(connection, mapping, mapping_source, RESOURCES[name], reading.rows_read)
            for name in mapping_source.resources
        ]
        nowhere = _count_nowhere(connection, mapping, mapping_source)
        connection.execute(f"drop table {quoted(_VALUES)}")
        yield Extraction(
            connection=connection,
            source=source,
            batches=batches,
            rows_read=reading.rows_read,
            rows_nowhere=nowhere,
            unmatched=unmatched,
            unmapped=reading.unmapped,
            encoding=reading.encoding,
        )


@dataclass(frozen=True, kw_only=True)
class _Fingerprint:
    sha256: str
    bytes: int
    modified_ns: int
    inode: int


def _fingerprint(path: Path) -> _Fingerprint:
    try:
        status = path.stat()
        digest = sha256_of(path)
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read: {error.strerror}", do="check the file and its permissions"
        ) from error
    return _Fingerprint(
        sha256=digest, bytes=status.st_size, modified_ns=status.st_mtime_ns, inode=status.st_ino
    )


@contextmanager
def _unchanged(file: SourceFile) -> Iterator[_Fingerprint]:
    before = _fingerprint(file.path)
    yield before
    if _fingerprint(file.path) != before:
        raise SourceError(
            f"{file.name} changed while it was read",
            expected="a file that its writer has finished",
            do="wait until the export is complete, then run again",
        )


def _look_up(
    connection: duckdb.DuckDBPyConnection,
    mapping: Mapping,
    source: SourceMapping,
    file: SourceFile,
    settings: Settings,
) -> tuple[list[_Fingerprint], dict[str, int]]:
    """Add what the rows look up; the files it was found in, and how many rows of each lookup found nothing."""
    if not source.lookups:
        return [], {}
    fingerprints: list[_Fingerprint] = []
    looked_into: dict[str, list[LookedInto]] = {}
    for name, others in file.looks_into.items():
        lookups = [lookup for lookup in source.lookups.values() if lookup.source == name]
        narrow = without_the_rest(mapping.source(name), lookups)
        for other in others:
            table = f"looked into {len(fingerprints)}"
            with (
                _unchanged(other) as fingerprint,
                open_source(narrow, other, settings.cell_limit_bytes) as reading,
            ):
                _store_values(connection, reading, mapping, narrow, settings, table=table)
            fingerprints.append(fingerprint)
            looked_into.setdefault(name, []).append(LookedInto(file_name=other.name, table=table))
    connection.execute(f"alter table {quoted(_VALUES)} rename to {quoted(_FILE_VALUES)}")
    unmatched = join_lookups(connection, source, looked_into, values=_FILE_VALUES, result=_VALUES)
    for table in (_FILE_VALUES, *(one.table for found in looked_into.values() for one in found)):
        connection.execute(f"drop table {quoted(table)}")
    return fingerprints, unmatched


def _source(
    mapping: Mapping, file: SourceFile, read: _Fingerprint, looked_into: list[_Fingerprint]
) -> Source:
    return Source(
        channel="files",
        name=file.name,
        sha256=read.sha256,
        bytes=read.bytes,
        mapping=mapping.name,
        mapping_sha256=_revision(mapping, looked_into),
    )


def _revision(mapping: Mapping, looked_into: list[_Fingerprint]) -> str:
    """The mapping and what it looked up: the same file beside other customers is another reading of it."""
    if not looked_into:
        return mapping.sha256
    parts = (mapping.sha256, *sorted(found.sha256 for found in looked_into))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@contextmanager
def _memory(settings: Settings, home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills, encrypted, into the home's staging folder only; gone afterwards."""
    with (
        staging_folder(home, settings, "files") as spill,
        connect(settings=settings, spill=spill) as connection,
    ):
        connection.execute("set enable_progress_bar = false")
        create_macros(connection)
        yield connection


def _store_values(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    mapping: Mapping,
    source: SourceMapping,
    settings: Settings,
    *,
    table: str,
) -> None:
    failed: list[Exception] = []

    def batches() -> Iterator[pa.RecordBatch]:
        # DuckDB pulls these; what a reader raises would come back as words only
        try:
            yield from reading.batches
        except Exception as error:
            failed.append(error)
            raise

    stream = pa.RecordBatchReader.from_batches(reading.schema, batches())
    texts = connection.from_arrow(stream)
    try:
        cast_source(texts, mapping, source, reading.headers, settings.cell_limit_bytes).create(table)
    except duckdb.Error:
        if failed:
            raise failed[0] from None
        raise


def _fault_of(source: SourceMapping, columns: set[str]) -> Expression:
    """The first fault of a row that concerns these columns or the row as a whole; null when there is none."""
    return call("first_fault", ColumnExpression(FAULTS), [_WHOLE_ROW, *sorted(source.with_matches(columns))])


def _deciding(source: SourceMapping) -> set[str]:
    return set().union(*(part.deciding_columns() for part in source.resources.values()))


def _belongs(mapping: Mapping, source: SourceMapping, part: ResourceMapping) -> Expression:
    return is_true(part.where, mapping, source) if part.where else ConstantExpression(True)


def _batch(
    connection: duckdb.DuckDBPyConnection,
    mapping: Mapping,
    source: SourceMapping,
    resource: Resource,
    rows_read: int,
) -> Batch:
    part = source.resources[resource.name]
    is_first = resource.name == next(iter(source.resources))
    undecided = _fault_of(source, _deciding(source)).isnotnull()
    belongs = ~undecided & _belongs(mapping, source, part)
    taken = (undecided | belongs) if is_first else belongs
    values = connection.table(_VALUES)
    elsewhere = values.filter(~taken).aggregate("count(*)").fetchone()

    fields = mapping.defaults(resource) | part.fields
    judged = values.filter(taken).select(
        StarExpression(),
        _fault_of(source, part.columns() | _used(fields) | _deciding(source)).alias(_FAULT),
        _reason(mapping, source, part).alias(_EXCLUSION),
    )
    made = {
        field.name: _field(mapping, source, field, fields)
        for field in resource.fields
        if field.name in fields or field.name in PRODUCTS
    }
    products = [name for name in made if name not in fields or fields[name].multiply is not None]
    typed = judged.select(
        ColumnExpression(SOURCE_ROW),
        ColumnExpression(_FAULT),
        ColumnExpression(_EXCLUSION),
        CoalesceOperator(ColumnExpression(ROW_TEXT), _row_json(mapping, source)).alias(ROW_TEXT),
        *(made[name].alias(f"made {name}") for name in products),
        *(_fitted(resource.field(name), expression).alias(name) for name, expression in made.items()),
    )
    # a column's value fits its field; only a product can be too large
    outside = CaseExpression(ColumnExpression(_FAULT).isnotnull(), ColumnExpression(_FAULT))
    for name in products:
        lost = ColumnExpression(f"made {name}").isnotnull() & ColumnExpression(name).isnull()
        outside = outside.when(lost, ConstantExpression(f"{name}:out_of_range"))
    result = typed.select(StarExpression(exclude=[_FAULT]), outside.alias(_FAULT))

    records, rejects = f"records_{resource.name}", f"rejects_{resource.name}"
    result.filter(ColumnExpression(_FAULT).isnull()).select(
        *(
            ColumnExpression(field.name)
            if field.name in made
            else ConstantExpression(None).cast(DUCKDB_TYPES[field.type]).alias(field.name)
            for field in resource.fields
        ),
        ColumnExpression(SOURCE_ROW),
        ColumnExpression(_EXCLUSION),
    ).create(records)
    fault = ColumnExpression(_FAULT)
    columns = [call("nullif", call("split_part", fault, ":", place), "") for place in (1, 3)]
    result.filter(fault.isnotnull()).select(
        ColumnExpression(SOURCE_ROW),
        call("split_part", fault, ":", 2).alias("reason"),
        CoalesceOperator(*columns).alias("column_name"),
        ColumnExpression(ROW_TEXT).alias("row_text"),
    ).create(rejects)
    return Batch(
        resource=resource,
        records=records,
        rejects=rejects,
        rows_read=rows_read,
        rows_elsewhere=elsewhere[0] if elsewhere else 0,
    )


def _used(fields: dict[str, FieldMapping]) -> set[str]:
    return set().union(*(field.columns() for field in fields.values()))


def _reason(mapping: Mapping, source: SourceMapping, part: ResourceMapping) -> Expression:
    """Why a row lands but does not count: the first rule that fits, then an exact repeat; else null."""
    reason = CaseExpression(ConstantExpression(False), ConstantExpression("never"))
    for exclusion in part.exclude:
        reason = reason.when(is_true(exclusion.when, mapping, source), ConstantExpression(exclusion.reason))
    if part.repeats == "exclude":
        same = ", ".join(quoted(key) for key in source.columns)
        earlier = f"row_number() over (partition by {same} order by {quoted(SOURCE_ROW)}) > 1"
        reason = reason.when(SQLExpression(earlier), ConstantExpression("duplicate"))
    return reason


def _row_json(mapping: Mapping, source: SourceMapping) -> Expression:
    """A row as its values, for faults that show only when a field is made of several columns, or was looked up."""
    keys = mapping.columns_of(source)
    pairs = [part for key in keys for part in (ConstantExpression(key), ColumnExpression(key))]
    return call("json_object", *pairs).cast("varchar")


def _field(
    mapping: Mapping, source: SourceMapping, target: ResourceField, fields: dict[str, FieldMapping]
) -> Expression:
    """The value of a field before it is fitted into its type."""
    field = fields.get(target.name)
    if field is None:
        return _product(mapping, source, *(fields[name] for name in PRODUCTS[target.name]))
    return _made(mapping, source, target, field)


def _made(  # noqa: PLR0911 - one return per way to make a value
    mapping: Mapping, source: SourceMapping, target: ResourceField | None, field: FieldMapping
) -> Expression:
    if field.column is not None:
        column: Expression = ColumnExpression(field.column)
        return call("upper", column) if target and target.name == "currency_code" else column
    if field.constant is not None:
        type_ = target.type if target else "decimal"
        return ConstantExpression(operand(field.constant, type_, mapping.timezone))
    if field.join is not None:
        # one empty part leaves no key at all, rather than a key that others share
        parts = [ColumnExpression(key).cast("varchar") for key in field.join]
        joined = call("concat_ws", field.separator, *parts)
        for part in parts:
            joined = CaseExpression(part.isnotnull(), joined)
        return joined
    if field.multiply is not None:
        return ColumnExpression(field.multiply[0]) * ColumnExpression(field.multiply[1])
    if field.negate is not None:
        return -ColumnExpression(field.negate)
    if field.condition is not None:
        return is_true(field.condition, mapping, source)
    return ColumnExpression(SOURCE_ROW).cast("varchar")


def _product(mapping: Mapping, source: SourceMapping, left: FieldMapping, right: FieldMapping) -> Expression:
    return _made(mapping, source, None, left) * _made(mapping, source, None, right)


def _fitted(target: ResourceField, value: Expression) -> Expression:
    """A value in the type of its field, amounts rounded half away from zero; what does not fit is null."""
    if target.type == "amount":
        return call("as_amount", value)
    if target.type == "decimal":
        return call("as_decimal", value)
    return value.cast(DUCKDB_TYPES[target.type])


def _count_nowhere(connection: duckdb.DuckDBPyConnection, mapping: Mapping, source: SourceMapping) -> int:
    somewhere = _fault_of(source, _deciding(source)).isnotnull()
    for part in source.resources.values():
        somewhere = somewhere | _belongs(mapping, source, part)
    count = connection.table(_VALUES).filter(~somewhere).aggregate("count(*)").fetchone()
    return count[0] if count else 0
