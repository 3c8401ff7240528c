"""Which accounts agree in what was told of their customers, and how sure it is that they are one person's."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


def model(dbt: Any, session: "DuckDBPyConnection") -> "DuckDBPyRelation":
    """Compare all accounts; one row per pair that agrees in two attributes. No account, no row and no Splink."""
    from siyu.identity import match_pairs

    dbt.config(materialized="table")
    return match_pairs(session, dbt.ref("int_member_match_attributes"))
