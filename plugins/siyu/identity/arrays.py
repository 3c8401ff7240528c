"""Columns of integers between DuckDB and numpy."""

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


def read_columns(connection: DuckDBPyConnection, query: str) -> dict[str, Array]:
    """The columns of a query without nulls, by name."""
    return {name: np.asarray(values) for name, values in connection.execute(query).fetchnumpy().items()}


def show_columns(connection: DuckDBPyConnection, name: str, **columns: Array) -> None:
    """Give arrays of one length a name that a statement reads."""
    connection.register(name, pa.table({key: pa.array(values) for key, values in columns.items()}))
