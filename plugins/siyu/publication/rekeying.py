"""New tokens in the place of the old ones in everything that was published and is kept.

Here: which columns. Not here: how publications are changed (revision), what has landed (landing).
"""

import re

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.errors import UsageError
from siyu.landing import rekeyed_columns
from siyu.landing.personal import Tokenizer
from siyu.landing.redaction import names_in
from siyu.landing.sql import column, with_column
from siyu.publication.manifest import Table, read_manifest
from siyu.publication.records import current_publication
from siyu.publication.revision import Revised, revise_published
from siyu.settings import Home, Settings

_CROSSWALK, WHOSE_AT_REKEYING = "dim_member_identifiers", "rekeyed_member_id"
_HOLDS_TOKENS = re.compile(r"(.+_)?(identifier|token)")


def check_crosswalk(home: Home) -> None:
    """Whether the publication that stands has a place to say whose every identifier is: only what it tells is kept.

    Raises:
        UsageError: It was made before re-keyings were told.
    """
    current = current_publication(home)
    crosswalk = read_manifest(current.folder).tables.get(_CROSSWALK) if current else None
    if current and crosswalk and WHOSE_AT_REKEYING not in crosswalk.columns:
        raise UsageError(
            f"publication {current.id} does not tell whose every account is",
            expected=f"a crosswalk with {WHOSE_AT_REKEYING}, as every night makes it now",
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
        told = with_column(rows, WHOSE_AT_REKEYING, column("member_id"))
        return rekeyed_columns(connection, told, columns, tokenizer), 0

    return revise_published(home, settings, run_id="rekeying", change=rekeyed)
