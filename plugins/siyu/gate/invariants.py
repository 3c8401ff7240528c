"""Run the invariants: each .sql file selects the keys that offend, so an empty answer passes.

Here: running them one by one. Not here: their text (`expectations/invariants/`).
"""

import duckdb

from siyu.gate.verdict import Status

Outcome = tuple[Status, int | None, str]  # status, offending rows, what is to be said besides


def run_invariant(connection: duckdb.DuckDBPyConnection, statement: str) -> Outcome:
    """Count the keys that a statement selects.

    The message of an error is not repeated: DuckDB quotes the value that it could not convert.
    """
    try:
        offending = len(connection.sql(statement)) if statement.strip() else None
    except duckdb.Error as error:
        return Status.RAISED, None, f"could not run: {type(error).__name__}"
    if offending is None:
        return Status.RAISED, None, "could not run: the statement is empty"
    return (Status.FAILED if offending else Status.PASSED), offending, ""
