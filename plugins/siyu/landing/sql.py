"""How landing speaks SQL: static statements over tables and views named `landing_…` in the caller's connection.

What differs between resources (columns, keys) is built from DuckDB's relations and expressions out of names that
`siyu.resources` declares; values are never pasted into SQL.
"""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from duckdb import (
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
    Expression,
)
from duckdb import type as duckdb_type

from siyu.engine import call, quoted
from siyu.resources import Resource

SEPARATOR = "\x1f"  # between the parts of a key, and between the scope and the value of a scoped identifier
_TABLES = "select table_name, false from duckdb_tables() where starts_with(table_name, 'landing_')"
_VIEWS = "select view_name, true from duckdb_views() where starts_with(view_name, 'landing_')"


def column(name: str) -> Expression:
    """A column of the relation at hand."""
    return ColumnExpression(name)


def constant(value: str | int | bool | date | datetime | None) -> Expression:
    """A value, bound rather than pasted."""
    return ConstantExpression(value)


def as_type(expression: Expression, type_name: str) -> Expression:
    """A cast."""
    return expression.cast(duckdb_type(type_name))


def text(expression: Expression) -> Expression:
    """The canonical text of a value."""
    return as_type(expression, "varchar")


def trimmed(name: str) -> Expression:
    """A column as text without blanks around; blank is null."""
    return call("nullif", call("trim", text(column(name))), constant(""))


def or_empty(expression: Expression) -> Expression:
    """A text, or the empty text for null."""
    return CoalesceOperator(expression, constant(""))


def concatenated(pieces: Iterable[Expression]) -> Expression:
    """Texts one after another; null when one of them is null."""
    first, *others = pieces
    for piece in others:
        first = call("||", first, piece)
    return first


def joined(pieces: Iterable[Expression]) -> Expression:
    """The texts of the parts of a key as one text; null when one of them is null."""
    first, *others = pieces
    return concatenated([text(first), *(part for one in others for part in (constant(SEPARATOR), text(one)))])


def raw_key(resource: Resource) -> Expression:
    """What names a row within its channel, as raw has it: tokens where it is personal."""
    return joined(column(field.raw_column or field.name) for field in resource.key_fields)


def keep_table(connection: DuckDBPyConnection, name: str, relation: DuckDBPyRelation) -> None:
    """Store a relation's rows in a table of ours, in place of what had the name (which it must not read)."""
    connection.execute(f"drop table if exists {quoted(name)}")
    relation.to_table(name)


def show_as(name: str, relation: DuckDBPyRelation) -> None:
    """Give a relation the fixed name that a static statement reads."""
    relation.create_view(name, replace=True)


def drop_workspace(connection: DuckDBPyConnection) -> None:
    """Remove all tables and views of ours, with the clear values in them."""
    found = connection.execute(f"{_VIEWS} union all {_TABLES}").fetchall()
    drops = (f"drop {'view' if is_view else 'table'} if exists {quoted(name)};" for name, is_view in found)
    connection.execute(f"begin; {' '.join(drops)} commit;")


def literal_path(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def with_column(rows: DuckDBPyRelation, name: str, value: Expression) -> DuckDBPyRelation:
    """The same columns in their order, with another value in this one; rows that lack it stay as they are."""
    if name not in rows.columns:
        return rows
    return rows.select(*(value.alias(name) if one == name else column(one) for one in rows.columns))
