"""Columns of integers between DuckDB and numpy."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


def read_columns(
    connection: DuckDBPyConnection, query: str, parameters: Mapping[str, int] | None = None
) -> dict[str, Array]:
    """The columns of a query without nulls, by name."""
    answer = connection.execute(query, dict(parameters or {})).fetchnumpy()
    return {name: np.asarray(values) for name, values in answer.items()}


def show_columns(connection: DuckDBPyConnection, name: str, **columns: Array) -> None:
    """Give arrays of one length a name that a statement reads."""
    connection.register(name, pa.table({key: pa.array(values) for key, values in columns.items()}))
