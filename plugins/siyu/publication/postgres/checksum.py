"""The checksum of siyu.publication.checksum, computed in PostgreSQL over a table that is there.

Here: the canonical text of each type in PostgreSQL's SQL. Not here: its definition, and what is compared with what.
"""

import psycopg
from psycopg import sql

from siyu.publication.manifest import Manifest, Table

_CHECKSUM = sql.SQL("""
select count(*) || ':' || coalesce(sum(('x' || substr(md5({row_text}), 1, 15))::bit(60)::bigint), 0)
from {table}
""")
_FIELD = sql.SQL(r"coalesce({text}, '\N')")
# concat_ws would take a hundred fields at most
_SEPARATOR = sql.SQL(" || '|' || ")

_AS_TEXT = sql.SQL("{column}::text")
_VARCHAR = sql.SQL(r"replace(replace({column}, '\', '\\'), '|', '\|')")
_TEXTS = sql.SQL(r"""
case when {column} is not null then
    replace(replace(array_to_string(array(
        select coalesce(replace(replace(element, '\', '\\'), ',', '\,'), '\N') || ','
        from unnest({column}) with ordinality as elements (element, place)
        order by place
    ), ''), '\', '\\'), '|', '\|')
end
""")
_BOOLEAN = sql.SQL("case when {column} then 't' when not {column} then 'f' end")
_DOUBLE = sql.SQL("('x' || encode(float8send({column} + 0.0), 'hex'))::bit(64)::text")
_DATE = sql.SQL("""
case
    when not isfinite({column}) then {column}::text
    when {column} < '0001-01-01' then to_char({column}, 'YYYY-MM-DD') || ' (BC)'
    else to_char({column}, 'YYYY-MM-DD')
end
""")
# the year before 1 is 0000, the one before that -1
_MOMENT = sql.SQL("""
case
    when not isfinite({moment}) then {moment}::text
    when {moment} < '0001-01-01' then
        coalesce(nullif((extract(year from {moment}) + 1)::text, '0'), '0000')
        || to_char({moment}, '-MM-DD"T"HH24:MI:SS.US"Z"')
    else to_char({moment}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
end
""")
_IN_UTC = sql.SQL("({column} at time zone 'UTC')")
_TEXT_OF = {
    "VARCHAR": _VARCHAR,
    "VARCHAR[]": _TEXTS,
    "BOOLEAN": _BOOLEAN,
    "FLOAT": _DOUBLE,
    "DOUBLE": _DOUBLE,
    "DATE": _DATE,
}


def checksums(connection: psycopg.Connection, schema: str, manifest: Manifest) -> dict[str, str]:
    """The checksum of every table of the manifest as it stands in `schema`, by name."""
    return {
        name: checksum_of_table(connection, sql.Identifier(schema, name), table)
        for name, table in manifest.models.items()
    }


def checksum_of_table(connection: psycopg.Connection, target: sql.Identifier, table: Table) -> str:
    """The checksum of one table over the manifest's columns, in their order."""
    fields = [_FIELD.format(text=_text(column.name, column.type)) for column in table.schema]
    found = connection.execute(_CHECKSUM.format(row_text=_SEPARATOR.join(fields), table=target)).fetchone()
    if found is None:
        raise AssertionError("an aggregate without groups gives one row")
    return str(found[0])


def _text(name: str, type_name: str) -> sql.Composable:
    column = sql.Identifier(name)
    if type_name == "TIMESTAMP":
        return _MOMENT.format(moment=column)
    if type_name == "TIMESTAMP WITH TIME ZONE":
        return _MOMENT.format(moment=_IN_UTC.format(column=column))
    return _TEXT_OF.get(type_name, _AS_TEXT).format(column=column)
