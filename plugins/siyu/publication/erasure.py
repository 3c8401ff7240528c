"""Those whom the brand has forgotten, taken out of everything that was published and is kept.

Here: which rows go, and what is left of those that stay. Not here: who is forgotten and what has landed (landing), how
publications are changed (revision).
"""

import re
from collections import defaultdict

from duckdb import CaseExpression, DuckDBPyConnection, DuckDBPyRelation, Expression

from siyu.landing import Tombstones
from siyu.landing.redaction import is_among, is_any_among, names_in, null_where, row_count
from siyu.landing.sql import column, constant, with_column
from siyu.publication.manifest import Table
from siyu.publication.rekeying import WHOSE_AT_REKEYING
from siyu.publication.revision import Revised, revise_published
from siyu.settings import Home, Settings

_MEMBER, _UNKNOWN = "member_id", "unknown"
_NAMES_SOMEBODY = re.compile(r"(.+_)?(member_id|identifier|token)")


def erase_published(home: Home, settings: Settings, tombstones: Tombstones) -> Revised:
    """Take the rows that name them out of every kept publication and what is served; remove all candidates.

    Killed anywhere, the next call goes on; a second one finds nothing and publishes nothing.

    Raises:
        As `revise_published`.
    """

    def without_them(
        _: DuckDBPyConnection, rows: DuckDBPyRelation, table: Table
    ) -> tuple[DuckDBPyRelation, int] | None:
        named = _named(rows, table, tombstones)
        return _without(rows, table, named) if named else None

    return revise_published(home, settings, run_id="erasure", change=without_them)


def columns_of_people(table: Table) -> list[str]:
    """The columns of a published table that name persons."""
    return [one.name for one in table.schema if one.type == "VARCHAR" and _NAMES_SOMEBODY.fullmatch(one.name)]


def _named(rows: DuckDBPyRelation, table: Table, tombstones: Tombstones) -> frozenset[str]:
    """The values in a table that name somebody forgotten: a member_id, a token, or `type|scope|token`."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for value in names_in(rows, columns_of_people(table)):
        by_name[value.rpartition("|")[2]].add(value)
    return frozenset(value for name in tombstones.among(by_name) for value in by_name[name])


def _without(rows: DuckDBPyRelation, table: Table, named: frozenset[str]) -> tuple[DuckDBPyRelation, int]:
    """A table without those named, and how many rows stay without them.

    As in raw: a row with money that no person is the key of stays, of the member `unknown`. An identifier that is
    somebody else's today stays theirs, and no longer says whose it was.
    """
    columns = [name for name in columns_of_people(table) if name != WHOSE_AT_REKEYING]
    is_named = is_any_among(columns, named)
    has_money = any(one.type.startswith("DECIMAL") for one in table.schema)
    if has_money and columns == [_MEMBER] and _MEMBER not in table.primary_key:
        left = rows.select(*(_unnamed(name, is_named) for name in rows.columns))
        return left, row_count(rows.filter(is_named))
    was_theirs = null_where(is_among(WHOSE_AT_REKEYING, named), WHOSE_AT_REKEYING)
    return with_column(rows.filter(~is_named), WHOSE_AT_REKEYING, was_theirs), 0


def _unnamed(name: str, is_named: Expression) -> Expression:
    """A column of a row that stays: the member is `unknown`, what counts within the member is nothing."""
    if not name.startswith("member_"):
        return column(name)
    instead = _UNKNOWN if name == _MEMBER else None
    return CaseExpression(is_named, constant(instead)).otherwise(column(name)).alias(name)
