"""A small world, the sandbox that serves it, and what of it has landed: for tests of whole connectors.

The world ends before the moment at which it is read, so that all of it has happened by then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from siyu.channels.api import Account, Connector, Window, extract_window
from siyu.channels.api.calls import Patience
from siyu.channels.catalogue import declared
from siyu.landing import LoadRecord, create_raw_views
from siyu.landing.personal import open_private_key, unseal
from siyu.resources import Kind, Resource
from siyu.sandbox.server.apps import App
from siyu.sandbox.world.generate import generate_world
from siyu.settings import Home, Settings
from tests.sandbox.server.conftest import Running, running

CHINA = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 3, 1), date(2026, 5, 31)
NOW = datetime(2026, 6, 1, 19, tzinfo=UTC)  # 3 o'clock in the morning of the 2nd in Shanghai
QUICK = Patience(first_seconds=0.001, longest_seconds=0.01, tries=10, whole_seconds=20)

Ask = Callable[[str], list[tuple[Any, ...]]]  # rows of a query, sorted


def window(first: date, last: date) -> Window:
    """From the first to the last day in Shanghai, both included."""
    days = (first, last + timedelta(days=1))
    start, end = (datetime.combine(day, time.min, tzinfo=CHINA).astimezone(UTC) for day in days)
    return Window(start=start, end=end)


def make_world(folder: Path) -> Path:
    generate_world(folder, size="300", seed=3, first=FIRST, last=LAST)
    return folder


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A sandbox that serves the small world as of NOW, without limits of rates."""

    server: Running
    world: Path
    connector: Connector
    base_path: str

    def app(self, label: str) -> App:
        return self.server.app(self.base_path.strip("/"), label)

    def account(self, name: str, channel_code: str, settings: dict[str, str]) -> Account:
        return Account(
            name=name,
            brand_code="default",
            channel_code=channel_code,
            base_url=f"{self.server.base}{self.base_path}",
            settings=settings,
        )

    def extract(
        self, home: Home, account: Account, stream: str, asked: Window, /, **changes: Any
    ) -> LoadRecord:
        """Read a window of a stream, with these changes to what is declared of it, as fast as it goes."""
        return extract_window(
            home,
            Settings(duckdb_threads=1, duckdb_memory_limit="500MB"),
            quick(self.connector, stream, **changes),
            account,
            stream,
            asked,
            clock=lambda: NOW,
            patience=QUICK,
        )

    def expected(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the world's own files, sorted; the server has no part in it."""
        with asking_world(self.world) as ask:
            rows = ask(sql)
        assert rows, "a world too small to tell"
        return rows


def quick(connector: Connector, stream: str, **changes: Any) -> Connector:
    """The connector with one stream, no pause between requests."""
    one = replace(connector.stream(stream), per_second=None, **changes)
    return replace(connector, api=replace(connector.api, per_second=10_000), streams=(one,))


@contextmanager
def sandbox(world: Path, connector: Connector, base_path: str) -> Iterator[Sandbox]:
    with running(world, at=NOW) as server:
        server.limits(base_path.strip("/"), {"calls": 10**6, "seconds": 1})
        yield Sandbox(server=server, world=world, connector=connector, base_path=base_path)


def is_whole(record: LoadRecord) -> bool:
    """Whether as many rows came as were announced, with nothing odd about it, none of them refused by landing."""
    assert record.extraction is not None
    assert record.extraction.notes == ()
    assert {
        name: one.counts.quarantine_reasons for name, one in record.resources.items() if one.quarantine
    } == {}
    return record.extraction.is_complete


@contextmanager
def asking_world(
    world: Path, *show: Callable[[duckdb.DuckDBPyConnection], None], since: date = date(1970, 1, 1)
) -> Iterator[Ask]:
    """Queries over the tables of a world, and over what these make of them; `read_since()` is the start of this day."""
    with duckdb.connect() as connection:
        for path in world.glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        connection.execute("set variable read_since = ?", [window(since, since).start.replace(tzinfo=None)])
        connection.execute("create macro read_since() as getvariable('read_since')")
        for one in show:
            one(connection)
        yield lambda query: connection.execute(f"{query} order by all").fetchall()


@contextmanager
def asking_landed(home: Home, connector: Connector) -> Iterator[Ask]:
    """Queries over what a channel's resources are by the newest reading; `clear(token)` opens the vault."""
    channel = connector.channel
    with duckdb.connect() as connection:
        create_raw_views(connection, home, declared={channel: connector.resources})
        sealed = [
            {"token": record["token"], "value": record["value"]}
            for path in home.vault.glob("*")
            for record in unseal(path, open_private_key(home))
            if "token" in record
        ]
        vault = pa.Table.from_pylist(sealed, pa.schema([("token", pa.string()), ("value", pa.string())]))
        connection.from_arrow(vault).distinct().create("known")
        connection.execute("create macro clear(wanted) as (select value from known where token = wanted)")
        for name, resource in connector.resources.items():
            rows = connection.sql(f"from raw.{channel}__{name}")
            if not resource.keeps_observations:
                once = rows.aggregate("count(*) - count(distinct (_group_hash, _line_number))").fetchone()
                assert once == (0,), f"{name}: a row that was known has landed again"
            connection.execute(f"create view {name} as from raw.{channel}__{name} {_newest(resource)}")
        yield lambda query: connection.execute(f"{query} order by all").fetchall()


def _newest(resource: Resource) -> str:
    """Of raw rows those that hold now: the last list, or the newest version of each document."""
    if resource.kind is Kind.EVENTS:
        return ""
    key, order = "true", "_observed_at desc"
    if resource.kind is not Kind.SNAPSHOT:
        key = ", ".join(field.raw_column or "" for field in resource.key_fields)
        order = f"{resource.version or 'true'} desc nulls last, _observed_at desc, _group_hash"
    return f"qualify dense_rank() over (partition by {key} order by {order}) = 1"


def landed(home: Home, view: str, columns: str) -> list[tuple[Any, ...]]:
    """Columns of a raw view, sorted; verified first, as before a build."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home, declared=declared())
        rows = connection.sql(f"select {columns} from raw.{view}").fetchall()  # noqa: S608
    return sorted(rows, key=repr)
