"""New tokens in the place of the old ones in everything that was published and is kept.

Here: which columns. Not here: how publications are changed (revision), what has landed (landing).
"""

import re

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.engine import connect
from siyu.errors import UsageError
from siyu.landing import rekeyed_columns
from siyu.landing.personal import Tokenizer
from siyu.landing.redaction import names_in
from siyu.landing.sql import column
from siyu.publication.manifest import Table, read_manifest
from siyu.publication.records import current_publication
from siyu.publication.revision import Revised, revise_published
from siyu.settings import Home, Settings
from siyu.storage import inside

_MEMBERS, _CROSSWALK = "dim_members", "dim_member_identifiers"
_HOLDS_TOKENS = re.compile(r"(.+_)?(identifier|token)")


def check_crosswalk(home: Home) -> None:
    """Whether the publication that stands tells the id of every account: only what it tells is kept.

    Raises:
        UsageError: It was made before accounts that were never seen with another identifier stood in the crosswalk.
    """
    current = current_publication(home)
    tables = read_manifest(current.folder).tables if current else {}
    if current is None or not {_MEMBERS, _CROSSWALK} <= tables.keys():
        return
    with connect() as connection:
        members, crosswalk = (
            connection.read_parquet(str(inside(current.folder, tables[name].file)))
            for name in (_MEMBERS, _CROSSWALK)
        )
        is_older = not crosswalk.filter(column("last_seen_at").isnull()).limit(1).fetchall()
        known = members.filter(column("is_known")).select("member_id")
        if is_older and known.except_(crosswalk.select("member_id")).limit(1).fetchall():
            raise UsageError(
                f"publication {current.id} does not tell the ids of accounts that are alone",
                expected="a crosswalk of all accounts, as every night makes it now",
                do="publish a night first",
            )


def rekey_published(home: Home, settings: Settings, tokenizer: Tokenizer, landed: frozenset[str]) -> Revised:
    """Put the tokens of the last key into every kept publication and what is served; remove all candidates.

    Killed anywhere, the next call goes on: a table that has a token of `landed`, all that raw has now, is done.

    Raises:
        As `revise_published`.
    """

    def rekeyed(
        connection: DuckDBPyConnection, rows: DuckDBPyRelation, table: Table
    ) -> tuple[DuckDBPyRelation, int] | None:
        columns = [one.name for one in table.schema if _HOLDS_TOKENS.fullmatch(one.name)]
        found = {value.rpartition("|")[2] for value in names_in(rows, columns)}
        if not found or found & landed:
            return None
        return rekeyed_columns(connection, rows, columns, tokenizer), 0

    return revise_published(home, settings, run_id="rekeying", change=rekeyed)
