"""The tables of the world as `tables.yml` declares them, and writing them as Parquet.

Here: reading the declaration, casting, sorting and writing. Not here: what is in the tables.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
import yaml


@dataclass(frozen=True, kw_only=True)
class Table:
    """One declared table. `columns` maps a name to its DuckDB type; `section` is `world` or `truth`."""

    section: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: dict[str, str]
    meanings: dict[str, str]

    @property
    def file(self) -> str:
        """Where it lies, relative to the world's folder."""
        return f"{self.name}.parquet" if self.section == "world" else f"{self.section}/{self.name}.parquet"


@cache
def declared_tables() -> tuple[Table, ...]:
    """Every table of `tables.yml`, in its order."""
    content = yaml.safe_load(files(__package__).joinpath("tables.yml").read_text(encoding="utf-8"))
    tables = []
    for section, entries in content.items():
        for name, entry in entries.items():
            cells = {column: text.split(" | ", 1) for column, text in entry["columns"].items()}
            tables.append(
                Table(
                    section=section,
                    name=name,
                    grain=entry["grain"],
                    key=tuple(entry["key"]),
                    columns={column: cell[0] for column, cell in cells.items()},
                    meanings={column: cell[1] for column, cell in cells.items()},
                )
            )
    return tuple(tables)


def write_table(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> int:
    """Write the relation `<section>.<name>` with the declared columns and types, sorted by key; return its rows.

    Whatever else the relation holds is left out; a declared column that is not there is an error of DuckDB's.
    """
    path = folder / table.file
    path.parent.mkdir(parents=True, exist_ok=True)
    relation = connection.query(f"from {table.section}.{table.name}")
    shaped = relation.project(
        ", ".join(f'cast("{column}" as {type_}) as "{column}"' for column, type_ in table.columns.items())
    ).order(", ".join(table.key))
    shaped.write_parquet(str(path), compression="zstd", row_group_size=122_880, overwrite=True)
    return int(connection.read_parquet(str(path)).count("*").fetchall()[0][0])
