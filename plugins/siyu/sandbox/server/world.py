"""Read-only SQL over the tables of a world folder."""

from pathlib import Path
from typing import Any

from siyu.engine import connect, quoted
from siyu.errors import UsageError
from siyu.sandbox.world.tables import declared_tables

Row = dict[str, Any]
_HELD_BYTES = 8 << 20  # of Parquet; in memory it is about 25 times as much


class World:
    """The tables of one world, each declared one, empty where the folder has none.

    A small world is held in memory, where a query takes half the time; of a large one the files are read. Timestamps in
    the tables are UTC without a zone, as `Clock.utc` gives the world's time.

    Args:
        folder: Holds `<table>.parquet` for each table.

    Raises:
        UsageError: The folder holds no table of a world.
    """

    def __init__(self, folder: Path) -> None:
        self._connection = connect()
        self._connection.execute("set timezone = 'UTC'")
        is_held = sum(path.stat().st_size for path in folder.glob("*.parquet")) <= _HELD_BYTES
        found = False
        for table in declared_tables():
            if table.section != "world":
                continue  # the truth is for judges
            path = folder / table.file
            if path.is_file():
                found = True
                view = self._connection.read_parquet(str(path))
            else:
                typed = ", ".join(f"null::{type} as {quoted(name)}" for name, type in table.columns.items())
                view = self._connection.sql(f"select {typed} where false")
            if is_held:
                view.create(table.name)
            else:
                view.create_view(table.name)
        if not found:
            raise UsageError(
                f"{folder} holds no table of a world",
                expected="Parquet files such as orders.parquet",
                do="make one with `siyu sandbox world`",
            )

    def define(self, sql: str) -> None:
        """Add a channel's own macros and views; their names begin with the channel's."""
        self._connection.execute(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """What a query finds; parameters stand as `$name` in it. Safe to call from many threads."""
        cursor = self._connection.cursor()
        cursor.execute(sql, parameters or None)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
