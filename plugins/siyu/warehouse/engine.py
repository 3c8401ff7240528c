"""Connections to DuckDB that never reach for the network, and the only functions that quote for its SQL.

Here: how a connection is opened and how a name or a fixed text enters a statement that takes no parameters.
Not here: what is queried.
"""

from pathlib import Path

import duckdb

from siyu.settings import Settings


def connect(
    path: Path | None = None, *, settings: Settings | None = None, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file, or memory when `path` is None.

    No extension is downloaded. `settings` bound memory and threads. Rows that do not fit go to `<path>.tmp/`.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if settings is not None:
        config |= {"memory_limit": settings.duckdb_memory_limit, "threads": settings.duckdb_threads}
    return duckdb.connect(":memory:" if path is None else str(path), read_only=read_only, config=config)


def quoted(*parts: str) -> str:
    """An identifier for DuckDB's SQL, e.g. `quoted("marts", "kpi_daily")`: `"marts"."kpi_daily"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str) -> str:
    """A string constant, for the few statements that take no parameters (COMMENT ON)."""
    return "'" + text.replace("'", "''") + "'"
