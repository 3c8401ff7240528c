"""A sandbox server on a free port of loopback, over a tiny world written by hand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from siyu.engine import connect, quoted
from siyu.sandbox.server.app import make_server, serving
from siyu.sandbox.server.apps import App
from siyu.sandbox.world.tables import declared_tables


def write_world(folder: Path, tables: Mapping[str, list[dict[str, Any]]]) -> Path:
    """Write rows as a world's Parquet files; columns that a row leaves out are null."""
    folder.mkdir(parents=True, exist_ok=True)
    declared = {table.name: table.columns for table in declared_tables() if table.section == "world"}
    with connect() as connection:
        for table, rows in tables.items():
            columns = declared[table]
            typed = ", ".join(f"{quoted(name)} {type}" for name, type in columns.items())
            connection.execute(f"create table {quoted(table)} ({typed})")
            for row in rows:
                assert set(row) <= set(columns), f"{table} has no column {set(row) - set(columns)}"
            places = ", ".join("?" * len(columns))
            values = [[row.get(name) for name in columns] for row in rows]
            if values:
                connection.executemany(f"insert into {quoted(table)} values ({places})", values)  # noqa: S608
            connection.table(table).write_parquet(str(folder / f"{table}.parquet"))
    return folder


@dataclass(frozen=True)
class Running:
    """A server that answers, and a client for its admin endpoint."""

    base: str
    apps: tuple[App, ...]
    admin: httpx.Client

    def app(self, channel: str, label: str = "self_built") -> App:
        return next(app for app in self.apps if (app.channel, app.label) == (channel, label))

    def fault(self, kind: str, **settings: Any) -> None:
        assert self.admin.post("/faults", json={"kind": kind, **settings}).status_code == 200

    def clock(self, **setting: Any) -> None:
        assert self.admin.post("/clock", json=setting).status_code == 200

    def limits(self, channel: str, *instead: dict[str, Any]) -> None:
        assert self.admin.put(f"/limits/{channel}", json=instead).status_code == 200

    def calls(self, endpoint: str) -> list[dict[str, Any]]:
        return [row for row in self.admin.get("/calls").json() if row["endpoint"] == endpoint]


@contextmanager
def running(folder: Path, *, at: datetime) -> Iterator[Running]:
    """Serve a world folder from a thread of this process until the block ends."""
    server = make_server(folder, at=at)
    with serving(server) as base, httpx.Client(base_url=f"{base}/_admin", trust_env=False) as admin:
        yield Running(base=base, apps=server.apps, admin=admin)
