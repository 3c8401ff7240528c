"""A checksum over rows that DuckDB and PostgreSQL compute alike, whatever order the rows come in.

Here: the canonical text of a row and its sum. Not here: which tables are compared.

The definition. Every value becomes text by its type:

    null                       \\N
    boolean                    t or f
    integers                   decimal digits
    decimal(p, s)              all s decimals, no sign on zero (`0.50`, `-1.20`, `0.00`)
    date                       2026-11-20; `0044-03-15 (BC)`, infinity, -infinity
    timestamp (UTC, no zone)   2026-11-20T16:05:06.000007Z, six decimals always; 44 BC is the year -43
    timestamp with time zone   the same, of the moment in UTC
    real, double               the 64 bits of the IEEE 754 double as 0 and 1; -0.0 counts as 0.0, every NaN as one
    varchar                    as it is, with \\ written \\\\ and | written \\|
    varchar[]                  its elements (null as \\N, with \\ written \\\\ and , written \\,), each
                               followed by a comma; then the whole as a varchar

The fields of a row, in the order of the manifest, are joined by |. As a lone | or \\N cannot come from a value, two
different rows never have one text. The hash of a row is the first 15 hex digits of the MD5 of that text in
UTF-8, read as an integer of 60 bits; the checksum of a table is `<rows>:<sum of the hashes>`. A sum, because it
does not depend on order and, unlike xor, does not lose rows that come twice.

The same in PostgreSQL's SQL: siyu.publication.postgres.checksum.
"""

from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    DuckDBPyRelation,
    Expression,
    FunctionExpression,
    LambdaExpression,
)
from duckdb import type as duckdb_type

from siyu.errors import UsageError

_AS_DIGITS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DATE"}
_VARCHAR = duckdb_type("VARCHAR")
_DOUBLE = duckdb_type("DOUBLE")
_TIMESTAMP = "%Y-%m-%dT%H:%M:%S.%fZ"


def checksum_of(relation: DuckDBPyRelation, columns: list[str] | None = None) -> tuple[int, str]:
    """Number of rows and checksum of a relation, over `columns` in this order (all of them when None).

    Raises:
        UsageError: A column has a type without a canonical text; the message names column and type.
    """
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    fields = [canonical_text(name, types[name]) for name in (columns or relation.columns)]
    row_text = FunctionExpression("concat_ws", ConstantExpression("|"), *fields)
    digits = FunctionExpression(
        "substr", FunctionExpression("md5", row_text), ConstantExpression(1), ConstantExpression(15)
    )
    row_hash = FunctionExpression("concat", ConstantExpression("0x"), digits).cast(duckdb_type("BIGINT"))
    found = (
        relation.select(row_hash.alias("row_hash"))
        .aggregate("count(*), coalesce(sum(row_hash), 0)")
        .fetchone()
    )
    if found is None:
        raise AssertionError("an aggregate without groups gives one row")
    return int(found[0]), f"{found[0]}:{found[1]}"


def canonical_text(name: str, type_name: str) -> Expression:
    """The canonical text of a column as an expression; see the head of this module.

    Raises:
        UsageError: The type has no canonical text (hugeint, blob, list …): Parquet or PostgreSQL would change it.
    """
    column = ColumnExpression(name)
    if type_name == "VARCHAR":
        text = _escaped(column, "|")
    elif type_name == "BOOLEAN":
        text = CaseExpression(column, ConstantExpression("t")).when(~column, ConstantExpression("f"))
    elif type_name in _AS_DIGITS or type_name.startswith("DECIMAL("):
        text = column.cast(_VARCHAR)
    elif type_name in {"FLOAT", "DOUBLE"}:
        # inf - inf gives a NaN with a sign that PostgreSQL does not keep
        one_nan = CaseExpression(
            FunctionExpression("isnan", column), ConstantExpression("nan").cast(_DOUBLE)
        ).otherwise(column.cast(_DOUBLE) + ConstantExpression(0.0).cast(_DOUBLE))
        text = one_nan.cast(duckdb_type("BIT")).cast(_VARCHAR)
    elif type_name == "TIMESTAMP":
        text = FunctionExpression("strftime", column, ConstantExpression(_TIMESTAMP))
    elif type_name == "TIMESTAMP WITH TIME ZONE":
        text = FunctionExpression("strftime", in_utc(column), ConstantExpression(_TIMESTAMP))
    elif type_name == "VARCHAR[]":
        text = _escaped(_joined(column), "|")
    else:
        raise UsageError(
            f"column {name} has type {type_name}",
            expected="varchar, varchar[], boolean, an integer up to bigint, decimal, double, date or timestamp",
            do="cast it in the model that publishes it",
        )
    return CoalesceOperator(text, ConstantExpression("\\N"))


def in_utc(moment: Expression) -> Expression:
    """A timestamp with time zone as one without, in UTC, whatever the session's zone is."""
    finite = FunctionExpression("make_timestamp", FunctionExpression("epoch_us", moment))
    infinite = moment.cast(_VARCHAR).cast(duckdb_type("TIMESTAMP"))
    return CaseExpression(FunctionExpression("isinf", moment), infinite).otherwise(finite)


def _joined(texts: Expression) -> Expression:
    """The elements of a list of texts, each ended by a comma: an empty list differs from a list of one blank."""
    element = CoalesceOperator(_escaped(ColumnExpression("element"), ","), ConstantExpression("\\N"))
    ended = FunctionExpression("concat", element, ConstantExpression(","))
    elements = FunctionExpression("list_transform", texts, LambdaExpression("element", ended))
    joined = FunctionExpression("array_to_string", elements, ConstantExpression(""))
    return CaseExpression(texts.isnull(), ConstantExpression(None)).otherwise(
        CoalesceOperator(joined, ConstantExpression(""))
    )


def _escaped(text: Expression, separator: str) -> Expression:
    return _replaced(_replaced(text, "\\", "\\\\"), separator, f"\\{separator}")


def _replaced(text: Expression, found: str, by: str) -> Expression:
    return FunctionExpression("replace", text, ConstantExpression(found), ConstantExpression(by))
