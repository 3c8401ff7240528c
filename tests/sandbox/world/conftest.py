"""One small world for all tests of it, looked at with SQL."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.sandbox.world.generate import generate_world
from siyu.sandbox.world.tables import declared_tables

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, size="4000", seed=3, first=date(2025, 7, 1), last=date(2026, 6, 30))
    return folder


@pytest.fixture(scope="session")
def ask(world: Path) -> Ask:
    """Run a query over views `<table>` and `truth_<table>`."""
    connection = duckdb.connect()
    for table in declared_tables():
        name = table.name if table.section == "world" else f"truth_{table.name}"
        connection.read_parquet(str(world / table.file)).create_view(name)
    return lambda query: connection.execute(query).fetchall()
