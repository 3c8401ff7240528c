"""Connections to DuckDB that never reach for the network, and how names and values enter its SQL.

Here: how a connection is opened, the only functions that quote, calls of functions over expressions.
Not here: what is queried.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from duckdb import ConstantExpression, Expression, FunctionExpression

if TYPE_CHECKING:
    from siyu.settings import Settings  # to read them takes pydantic, which not every process needs

# In DuckDB 1.5 it answers `row_number() over (… nulls last) = 1` with any row (duckdb/duckdb#23677 and its kin); dbt's
# connection is told so too (profiles.yml).
WRONG_OPTIMIZERS = "top_n_window_elimination"


def connect(
    path: Path | None = None,
    *,
    settings: "Settings | None" = None,
    read_only: bool = False,
    spill: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file, or memory when `path` is None.

    No extension is downloaded. `settings` bound memory and threads. Rows that do not fit go, encrypted, to the folder
    `spill`, which must exist; without one to `<path>.tmp/`.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "disabled_optimizers": WRONG_OPTIMIZERS,
    }
    if settings is not None:
        config |= {"memory_limit": settings.duckdb_memory_limit, "threads": settings.duckdb_threads}
    if spill is not None:
        config |= {
            "temp_directory": str(spill),
            "temp_file_encryption": True,
            # the strong variant would download an extension; these files live for seconds, their key in memory alone
            "force_mbedtls_unsafe": True,
        }
    return duckdb.connect(":memory:" if path is None else str(path), read_only=read_only, config=config)


def quoted(*parts: str) -> str:
    """An identifier for DuckDB's SQL, e.g. `quoted("marts", "kpi_daily")`: `"marts"."kpi_daily"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str) -> str:
    """A string constant, for the few statements that take no parameters (COMMENT ON)."""
    return "'" + text.replace("'", "''") + "'"


def call(name: str, *arguments: Expression | str | int | list[str]) -> Expression:
    """A function or macro over expressions; anything else is a constant."""
    return FunctionExpression(
        name,
        *(item if isinstance(item, Expression) else ConstantExpression(item) for item in arguments),
    )
