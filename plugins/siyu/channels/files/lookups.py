"""Values that a row finds in the files of another source of its mapping: a person for a customer id, a sum of payments.

Here: the table of what can be found, and joining it to the rows that look. Not here: which files, reading them.

Of the rows with the same `match`, a lookup takes the one value or the sum. Two values (or, in two files, two sums) are
no answer, nor is a value that cannot be read: the row that looks is then at fault, in the column it looks up. A row
that finds nothing has an empty value.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from siyu.channels.files.casting import FAULTS, SOURCE_ROW
from siyu.channels.files.mapping import Lookup, SourceMapping
from siyu.engine import quoted
from siyu.errors import SourceError

_UNREADABLE_KEY = """
    select min_by(first_fault({faults}, $columns), {row}), min({row}), count(*)
    from {table}
    where first_fault({faults}, $columns) is not null
"""
_ROWS = "select {position} as _file, {columns} from {table}"
_FOUND = """
    create table {found} as
    with values_per_file as (
        select {match}, {value} as _value, bool_or(first_fault(_faults, [$column]) is not null) as _is_unreadable
        from ({rows})
        group by {match}, {grain}
    )
    select
        {match},
        any_value(_value) as _value,
        case
            when bool_or(_is_unreadable) then $key || ':unreadable_lookup'
            when count(distinct _value) > 1 then $key || ':ambiguous_lookup'
        end as _fault
    from values_per_file
    group by {match}
"""


@dataclass(frozen=True, kw_only=True)
class LookedInto:
    """A file that has been read for what others look up in it: its name, and its table of typed values."""

    file_name: str
    table: str


def without_the_rest(source: SourceMapping, lookups: Iterable[Lookup]) -> SourceMapping:
    """A source that reads only the columns that these lookups need."""
    needed = {key for lookup in lookups for key in (*lookup.match, lookup.column)}
    return source.model_copy(
        update={"columns": {key: column for key, column in source.columns.items() if key in needed}}
    )


def join_lookups(
    connection: DuckDBPyConnection,
    source: SourceMapping,
    looked_into: dict[str, list[LookedInto]],
    *,
    values: str,
    result: str,
) -> dict[str, int]:
    """Make table `result` of table `values` with a column per lookup; how many rows found nothing, by lookup.

    Args:
        connection: Holds the tables.
        source: Whose rows look.
        looked_into: By name of the source, the files it has.
        values: Table of `casting.cast_source`.
        result: Name of the table to make.

    Raises:
        SourceError: A row of a file that is looked into has no readable key: whoever needs it would miss it unseen.
    """
    columns, faults, joins, misses = [], [quoted("own", FAULTS)], [], []
    for key, lookup in source.lookups.items():
        for file in looked_into[lookup.source]:
            _check_keys(connection, lookup, file)
        found = f"found {key}"
        _find(connection, key, lookup, looked_into[lookup.source], found)
        same = " and ".join(f"{quoted('own', name)} = {quoted(found, name)}" for name in lookup.match)
        looks = " and ".join(f"{quoted('own', name)} is not null" for name in lookup.match)
        columns.append(f"{quoted(found, '_value')} as {quoted(key)}")
        faults.append(quoted(found, "_fault"))
        joins.append(f"left join {quoted(found)} on {same}")
        misses.append(f"count(*) filter (where {looks} and {quoted(found, lookup.match[0])} is null)")
    tables = f"from {quoted(values)} as own {' '.join(joins)}"
    counts = connection.execute(f"select {', '.join(misses)} {tables}").fetchone() or ()
    connection.execute(
        f"create table {quoted(result)} as select own.* exclude ({quoted(FAULTS)}), {', '.join(columns)}, "
        f"nullif(concat_ws(';', {', '.join(faults)}), '') as {quoted(FAULTS)} {tables}"
    )
    for key in source.lookups:
        connection.execute(f"drop table {quoted(f'found {key}')}")
    return dict(zip(source.lookups, counts, strict=True))


def _check_keys(connection: DuckDBPyConnection, lookup: Lookup, file: LookedInto) -> None:
    statement = _UNREADABLE_KEY.format(
        faults=quoted(FAULTS), row=quoted(SOURCE_ROW), table=quoted(file.table)
    )
    fault, row, count = connection.execute(statement, {"columns": ["", *lookup.match]}).fetchone() or (
        "",
        0,
        0,
    )
    if count:
        column, reason, *_ = fault.split(":")
        at = f"{column} is {reason}" if column else reason
        raise SourceError(
            f"{file.file_name} row {row}: {at}; {count} rows of this file cannot be found by others",
            expected=f"{' and '.join(lookup.match)} that can be read, in every row",
            do="mend the row, or export the file again",
        )


def _find(
    connection: DuckDBPyConnection, key: str, lookup: Lookup, files: list[LookedInto], found: str
) -> None:
    columns = ", ".join(quoted(name) for name in sorted({*lookup.match, lookup.column, FAULTS}))
    rows = " union all ".join(
        _ROWS.format(position=position, columns=columns, table=quoted(file.table))
        for position, file in enumerate(files)
    )
    value = quoted(lookup.column)
    statement = _FOUND.format(
        found=quoted(found),
        match=", ".join(map(quoted, lookup.match)),
        value=f"sum({value})" if lookup.sum else value,
        grain="_file" if lookup.sum else value,
        rows=rows,
    )
    connection.execute(statement, {"column": lookup.column, "key": key})
