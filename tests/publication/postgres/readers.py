"""BI tools at work: processes that join two marts and the log, again and again, until they are told to stop."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres import Database
from tests.publication import processes

READ = """
select (select max(publication_id) from marts.publish_log), days.net_amount, sum(orders.paid_amount), count(*)
from marts.kpi_daily as days
join marts.fct_orders as orders on orders.paid_at::date = days.business_date
group by days.net_amount
"""


def read_until_stopped(uri: str, folder: Path, name: str, orders: int, thinking_seconds: float) -> None:
    """Read; at the end write what was seen to `<folder>/<name>.json`.

    Every order of publication n costs n, so one row tells whether both marts and the log are of one publication.
    """
    seen: dict[str, Any] = {"reads": 0, "mixed": 0, "backwards": 0, "errors": [], "quiet": [], "busy": []}
    newest = 0
    with psycopg.connect(uri, autocommit=True) as connection:
        (folder / f"{name}.ready").touch()
        while not (folder / "stop").exists():
            phase = "busy" if (folder / "busy").exists() else "quiet"
            started = time.monotonic()
            try:
                rows = connection.execute(READ).fetchall()
            except psycopg.Error as fault:
                seen["errors"].append(type(fault).__name__)
                continue
            seen[phase].append(time.monotonic() - started)
            seen["reads"] += 1
            shown = rows[0][0] if rows else 0
            seen["mixed"] += rows != [(shown, shown * orders, shown * orders, orders)]
            seen["backwards"] += shown < newest
            newest = max(newest, shown)
            time.sleep(thinking_seconds)
    (folder / f"{name}.json").write_text(json.dumps(seen))


class Readers:
    """Readers at work, and afterwards what they saw."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen: list[dict[str, Any]] = []

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """A read that begins inside counts as one during publishing."""
        (self._folder / "busy").touch()
        try:
            yield
        finally:
            (self._folder / "busy").unlink()

    def total(self, what: str) -> int:
        """Sum over all readers."""
        return sum(reader[what] for reader in self.seen)

    def p99_ms(self, phase: str) -> float:
        """The 99th percentile of all reads of a phase, in milliseconds."""
        seconds = sorted(second for reader in self.seen for second in reader[phase])
        return round(seconds[int(len(seconds) * 0.99)] * 1000, 1)


@contextmanager
def readers(
    database: Database, folder: Path, *, count: int, orders: int, thinking_seconds: float = 0.05
) -> Iterator[Readers]:
    """Let `count` processes read while the block runs; six that never think take two processors from the publisher."""
    folder.mkdir()
    team = Readers(folder)
    names = [f"reader{number}" for number in range(count)]
    started = [
        processes.start(read_until_stopped, database.bi_uri, folder, name, orders, thinking_seconds)
        for name in names
    ]
    try:
        while not all((folder / f"{name}.ready").exists() for name in names):
            assert all(process.is_alive() for process in started)
            time.sleep(0.02)
        yield team
    finally:
        (folder / "stop").touch()
        for process in started:
            process.join()
    team.seen = [json.loads((folder / f"{name}.json").read_text()) for name in names]
