"""From text to values: one relation of texts in, one of typed columns and the faults of each row out.

Here: which macros of casting.sql a column needs. The rules themselves are in casting.sql.
Nothing of a mapping becomes SQL text: columns, formats and zones go through DuckDB's expressions.
"""

from pathlib import Path

import duckdb
from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    Expression,
)

from siyu.channels.files.headers import BLANKS
from siyu.channels.files.mapping import ColumnMapping, Mapping, SourceMapping
from siyu.engine import call

SOURCE_ROW = "_source_row"
UNREAD = "_unread"  # reason of a record that the reader could not take apart
ROW_TEXT = "_row_text"  # JSON of the clear row, only where the row has a fault
FAULTS = "_faults"  # `column:reason;…`; column is empty where the row as a whole is at fault

_MACROS = Path(__file__).with_name("casting.sql")
_MICROSECONDS = {"epoch_seconds": 1_000_000, "epoch_milliseconds": 1_000}
# Files that hold typed values come out of the reader as ISO texts, whatever format a mapping names beside it.
_TYPED_FORMATS = ("xlsx", "parquet")
_WITH_HEADER_LINES = ("csv", "blank_separated", "fixed_width", "xlsx")


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macros of casting.sql known to a connection, and fix its time zone to UTC."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(_MACROS.read_text(encoding="utf-8"))


def cast_source(
    texts: duckdb.DuckDBPyRelation,
    mapping: Mapping,
    source: SourceMapping,
    headers: dict[str, str],
    cell_limit_bytes: int,
) -> duckdb.DuckDBPyRelation:
    """Typed columns by key, `_source_row`, `_faults` and `_row_text`.

    Args:
        texts: `_source_row`, `_unread`, `_row_text` and one column per key of the mapping.
        mapping: For time zone and unit of amounts.
        source: For types and formats.
        headers: Header found for each key; empty where the file has no header line.
        cell_limit_bytes: Longer cells put their row in quarantine.
    """
    keys = list(source.columns)
    own = [ColumnExpression(name) for name in (SOURCE_ROW, UNREAD, ROW_TEXT)]
    raw = {key: ColumnExpression(f"raw {key}") for key in keys}
    text = {key: ColumnExpression(f"text {key}") for key in keys}
    word = {key: ColumnExpression(f"word {key}") for key in keys}

    raws = texts.select(*own, *(ColumnExpression(key).cast("varchar").alias(f"raw {key}") for key in keys))
    blankless = raws.select(*own, *raw.values(), *(_trimmed(raw[key]).alias(f"text {key}") for key in keys))
    known = blankless.select(
        *own,
        _row_fault(source, raw, text, headers, cell_limit_bytes).alias("row fault"),
        *raw.values(),
        *(call("known", text[key]).alias(f"text {key}") for key in keys),
    )
    words = known.select(
        *own,
        ColumnExpression("row fault"),
        *raw.values(),
        *text.values(),
        *(_word(source, column, text[key]).alias(f"word {key}") for key, column in source.columns.items()),
    )
    values = words.select(
        *own,
        ColumnExpression("row fault"),
        *raw.values(),
        *text.values(),
        *word.values(),
        *(_value(mapping, source, column, word[key]).alias(key) for key, column in source.columns.items()),
    )
    faults = [
        _fault(key, column, text[key], word[key], ColumnExpression(key))
        for key, column in source.columns.items()
        if column.type != "text"
    ]
    judged = values.select(
        *own,
        *raw.values(),
        *(ColumnExpression(key) for key in keys),
        CaseExpression(ColumnExpression("row fault").isnotnull(), ColumnExpression("row fault"))
        .otherwise(
            call("nullif", call("concat_ws", ";", *faults), "") if faults else ConstantExpression(None)
        )
        .alias(FAULTS),
    )
    pairs = [
        part for key in keys for part in (ConstantExpression(key), call("left", raw[key], cell_limit_bytes))
    ]
    row_text = CoalesceOperator(ColumnExpression(ROW_TEXT), call("json_object", *pairs).cast("varchar"))
    return judged.select(
        ColumnExpression(SOURCE_ROW),
        ColumnExpression(FAULTS),
        CaseExpression(ColumnExpression(FAULTS).isnotnull(), row_text).alias(ROW_TEXT),
        *(ColumnExpression(key) for key in keys),
    )


def _trimmed(cell: Expression) -> Expression:
    # looking for a blank at either end is three times as fast as trimming, and few cells have one
    has_blank = call("regexp_matches", cell, f"^[{BLANKS}]|[{BLANKS}]$")
    return CaseExpression(has_blank, call("trim", cell, BLANKS)).otherwise(cell)


def _row_fault(
    source: SourceMapping,
    raw: dict[str, Expression],
    text: dict[str, Expression],
    headers: dict[str, str],
    cell_limit_bytes: int,
) -> Expression:
    """The fault that makes the whole row unreadable, else null."""
    fault = CaseExpression(ColumnExpression(UNREAD).isnotnull(), ColumnExpression(UNREAD))
    if headers and source.format in _WITH_HEADER_LINES:
        repeated = ConstantExpression(True)
        for key, header in headers.items():
            repeated = repeated & (text[key] == ConstantExpression(header))
        fault = fault.when(repeated, ConstantExpression(":repeated_header"))
    for key, cell in raw.items():
        too_large = call("strlen", cell) > ConstantExpression(cell_limit_bytes)
        # an unreadable cell says nothing about where its row belongs: the row as a whole is at fault
        fault = fault.when(too_large, ConstantExpression(f":cell_too_large:{key}"))
    for key, cell in raw.items():
        fault = fault.when(call("contains", cell, "\0"), ConstantExpression(f":nul_byte:{key}"))
    return fault


def _word(source: SourceMapping, column: ColumnMapping, text: Expression) -> Expression:
    """The text as its type spells it; null where it is not of that type at all."""
    match column.type:
        case "id":
            return call("plain_id", text)
        case "integer" | "decimal" | "amount":
            return call("number_text_comma" if source.decimal == "," else "number_text", text)
        case _:
            return text


def _value(mapping: Mapping, source: SourceMapping, column: ColumnMapping, word: Expression) -> Expression:
    match column.type:
        case "integer":
            return call("as_integer", word)
        case "amount" if mapping.amount_unit == "minor":
            return call("from_minor", word)
        case "decimal" | "amount":
            return call("as_decimal", word)
        case "boolean":
            return call("as_boolean", word)
        case "timestamp" | "date":
            return _time(mapping.timezone, source, column, word)
        case _:
            return word


def _time(zone: str, source: SourceMapping, column: ColumnMapping, word: Expression) -> Expression:
    """The first format that fits. A zone in the value wins over the zone of the mapping."""
    formats = list(column.format) or ["iso"]
    if source.format in _TYPED_FORMATS and "iso" not in formats:
        formats.append("iso")
    is_date = column.type == "date"
    tries: list[Expression] = []
    for format_ in formats:
        if format_ == "iso":
            tries.append(call("iso_date" if is_date else "iso_utc", word, zone))
        elif micros := _MICROSECONDS.get(format_):
            tries.append(
                call("epoch_date", word, micros, zone) if is_date else call("epoch_utc", word, micros)
            )
        else:
            moment = call("try_strptime", word, format_)
            if is_date:
                zoned = call("timezone", zone, moment) if "%z" in format_ else moment
                tries.append(zoned.cast("date"))
            else:
                tries.append(
                    call("zoned_to_utc", moment) if "%z" in format_ else call("local_to_utc", moment, zone)
                )
    value = call("plausible", CoalesceOperator(*tries) if len(tries) > 1 else tries[0])
    return value.cast("date") if is_date else value


def _fault(
    key: str, column: ColumnMapping, text: Expression, word: Expression, value: Expression
) -> Expression:
    """`key:reason` where a text is there but no value came of it."""

    def reason(name: str) -> Expression:
        return ConstantExpression(f"{key}:{name}")

    match column.type:
        case "id":
            return CaseExpression(call("is_rounded", text), reason("rounded_number"))
        case "integer" | "decimal" | "amount":
            is_fraction = value.isnull() & call("as_decimal", word).isnotnull()
            return (
                CaseExpression(text.isnotnull() & word.isnull(), reason("not_a_number"))
                .when(is_fraction, reason("not_an_integer"))
                .when(word.isnotnull() & value.isnull(), reason("out_of_range"))
            )
        case "boolean":
            return CaseExpression(text.isnotnull() & value.isnull(), reason("not_a_boolean"))
        case _:
            return CaseExpression(text.isnotnull() & value.isnull(), reason("not_a_date"))
