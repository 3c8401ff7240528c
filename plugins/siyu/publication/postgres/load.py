"""From a candidate's Parquet to `marts_candidate`: the rows that go live are compared with the manifest there.

Here: tables that fit the manifest, COPY, checksums. Not here: what BI reads, which this leaves untouched (merge).
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import duckdb
import psycopg
from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    Expression,
    LambdaExpression,
)
from duckdb import type as duckdb_type
from psycopg import sql

from siyu.engine import call, connect
from siyu.errors import DamagedFileError, EnvironmentFaultError, RefusedError
from siyu.publication.checksum import in_utc
from siyu.publication.manifest import Manifest, Table
from siyu.publication.postgres.checksum import checksum_of_table
from siyu.publication.run_log import COLUMNS, DESCRIPTION, PRIMARY_KEY, RUN_LOG, RunLogRow
from siyu.storage import inside

CANDIDATE = "marts_candidate"
MARTS = "marts"
RESTRICTED = "restricted"
# no part of a publication's checksums: it says how the marts came about, not what they say
RUN_LOG_TABLE = Table(
    file="",
    schema=COLUMNS,
    primary_key=PRIMARY_KEY,
    grain="history",
    description=DESCRIPTION,
    rows=0,
    checksum="",
    sha256="",
)
ENSURE_TRIES = 10
ENSURE_PAUSE_SECONDS = 0.5

_ENSURE = "select publishing.ensure_table(%s, %s::jsonb, %s, %s, %s)"
_EMPTY = sql.SQL("truncate {table}")
_COPY = sql.SQL("copy {table} ({columns}) from stdin")
_BATCH_ROWS = 20_000
_NUL = "\x00"
_VARCHAR = duckdb_type("VARCHAR")


def ensure_tables(connection: psycopg.Connection, schema: str, tables: Mapping[str, Table]) -> None:
    """Make `marts` or `restricted`, and `marts_candidate`, fit these tables: missing tables and columns, comments.

    A new column needs a moment in which nobody reads its table; readers that do are waited for, some seconds in
    all, in short turns, as new readers would queue behind a longer wait.

    Raises:
        EnvironmentFaultError: A reader did not let go. What BI reads is as before, save columns that are empty.
    """
    for name, table in tables.items():
        columns = json.dumps([asdict(column) for column in table.schema], ensure_ascii=False)
        for turn in range(1, ENSURE_TRIES + 1):
            try:
                connection.execute(
                    _ENSURE, [name, columns, list(table.primary_key), table.description, schema]
                )
                break
            except psycopg.errors.LockNotAvailable:
                if turn == ENSURE_TRIES:
                    raise EnvironmentFaultError(
                        f"{schema}.{name} is to get a new column, and a reader has it open all the time",
                        expected="a moment without an open transaction on it",
                        do="end that session (pg_stat_activity shows it), then run the same command again",
                    ) from None
                time.sleep(ENSURE_PAUSE_SECONDS)


def load_candidate(connection: psycopg.Connection, folder: Path, manifest: Manifest) -> None:
    """Fill `marts_candidate` with the rows of a candidate or publication, in the caller's transaction.

    Raises:
        DamagedFileError: What arrived is not what the manifest says; the message names the table.
        RefusedError: A text holds a NUL, which PostgreSQL cannot store; the message names table and column.
    """
    with connect() as engine:
        for name, table in manifest.tables.items():
            rows = engine.read_parquet(str(inside(folder, table.file)))
            target = sql.Identifier(CANDIDATE, name)
            connection.execute(_EMPTY.format(table=target))
            columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
            with connection.cursor().copy(_COPY.format(table=target, columns=columns)) as copy:
                for lines in _copy_lines(rows, table):
                    if _NUL in lines:
                        raise _nul_refused(rows, name, table)
                    copy.write(lines)
            found = checksum_of_table(connection, target, table)
            if found != table.checksum:
                raise DamagedFileError(
                    f"{name} arrived in PostgreSQL with checksum {found}",
                    expected=f"{table.checksum}, as its manifest says",
                    do="run the transform and the audit again; what is published stands",
                )


def load_run_log(connection: psycopg.Connection, rows: Sequence[RunLogRow]) -> None:
    """Fill `marts_candidate.run_log`, in the caller's transaction."""
    target = sql.Identifier(CANDIDATE, RUN_LOG)
    connection.execute(_EMPTY.format(table=target))
    columns = sql.SQL(", ").join(map(sql.Identifier, RUN_LOG_TABLE.columns))
    with connection.cursor().copy(_COPY.format(table=target, columns=columns)) as copy:
        for row in rows:
            copy.write_row([getattr(row, column) for column in RUN_LOG_TABLE.columns])


def _copy_lines(rows: duckdb.DuckDBPyRelation, table: Table) -> Iterator[str]:
    r"""The rows in COPY's text format, many lines at a time."""
    fields = [_copy_text(ColumnExpression(column.name), column.type) for column in table.schema]
    separated = [part for field in fields for part in (ConstantExpression("\t"), field)][1:]
    line = call("concat", *separated, "\n").alias("line")
    for batch in rows.select(line).to_arrow_reader(_BATCH_ROWS):
        yield "".join(batch.column(0).to_pylist())


def _copy_text(column: Expression, type_name: str) -> Expression:
    """A column as COPY reads it; what the type's own text holds no tab, line end or backslash needs no escape."""
    if type_name == "VARCHAR":
        text = _escaped(column)
    elif type_name == "VARCHAR[]":
        text = _escaped(_array(column))
    elif type_name in {"DATE", "TIMESTAMP"}:
        text = _era(column.cast(_VARCHAR))
    elif type_name == "TIMESTAMP WITH TIME ZONE":
        text = _era(in_utc(column).cast(_VARCHAR))  # the session is in UTC
    elif type_name in {"FLOAT", "DOUBLE"}:
        digits = column.cast(duckdb_type("DOUBLE")).cast(_VARCHAR)
        text = call("replace", digits, "-nan", "nan")  # PostgreSQL would keep the sign
    else:
        text = column.cast(_VARCHAR)
    return CoalesceOperator(text, ConstantExpression("\\N"))


def _escaped(text: Expression) -> Expression:
    for found, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = call("replace", text, found, written)
    return text


def _era(text: Expression) -> Expression:
    """DuckDB writes `(BC)`, PostgreSQL reads `BC`."""
    return call("replace", text, "(BC)", "BC")


def _array(texts: Expression) -> Expression:
    r"""A list of texts as an array constant: `{"a","with \" inside",NULL}`."""
    element = call("replace", call("replace", ColumnExpression("element"), "\\", "\\\\"), '"', '\\"')
    in_quotes = CoalesceOperator(
        CaseExpression(ColumnExpression("element").isnotnull(), call("concat", '"', element, '"')),
        ConstantExpression("NULL"),
    )
    elements = call("list_transform", texts, LambdaExpression("element", in_quotes))
    joined = CoalesceOperator(call("array_to_string", elements, ","), ConstantExpression(""))
    return CaseExpression(texts.isnotnull(), call("concat", "{", joined, "}"))


def _nul_refused(rows: duckdb.DuckDBPyRelation, name: str, table: Table) -> RefusedError:
    for column in table.schema:
        text = ColumnExpression(column.name).cast(_VARCHAR)
        if rows.filter(call("contains", text, _NUL)).limit(1).fetchone():
            break
    return RefusedError(
        f"{name}.{column.name} holds a text with a NUL character",
        expected="text that PostgreSQL can store",
        do="take it out in the model that publishes it; what is published stands",
    )
