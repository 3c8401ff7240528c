"""New tokens in the place of the old ones in everything that was published and is kept.

Here: which columns. Not here: how publications are changed (revision), what has landed (landing).
"""

import re

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.landing import rekeyed_columns
from siyu.landing.personal import Tokenizer
from siyu.landing.redaction import names_in
from siyu.publication.manifest import Table
from siyu.publication.revision import Revised, revise_published
from siyu.settings import Home, Settings

_HOLDS_TOKENS = re.compile(r"(.+_)?(identifier|token)")


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
