"""Killed, cut off or restarted anywhere, each target shows the old publication or the new one; a rerun finishes."""

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from siyu.publication import publication_log, publish_candidate, published_state
from siyu.publication.targets import postgres_state, shown_by_target
from siyu.settings import Home, Settings
from tests.postgres import Database, Server
from tests.publication import processes
from tests.publication.postgres import faults
from tests.publication.postgres.tables import configure, seen
from tests.publication.small_candidates import leftovers, write_candidate

SEED = 20261120
CONSISTENT = """
select (select sum(paid_amount) from marts.fct_orders), (select sum(net_amount) from marts.kpi_daily),
    (select max(publication_id) from marts.publish_log)
"""


class Nights:
    """Night after night in one home and one database, each disturbed at a point of its own."""

    def __init__(self, home: Home, database: Database) -> None:
        self.home, self.database, self.number = home, database, 0

    def prepare(self) -> str:
        """The candidate of the next night: every order's amount is the number of the night."""
        self.number += 1
        write_candidate(self.home, f"night{self.number}", amount=f"{self.number}.00", orders=50)
        return f"night{self.number}"

    def check_between(self, where: str) -> None:
        """After a fault each target is at the old night or the new, whole, and the file never ahead of PostgreSQL."""
        shown = shown_by_target(self.home)
        in_file, in_postgres = shown["marts.duckdb"], shown["PostgreSQL"]
        assert in_file in {self.number - 1, self.number}, where
        assert in_postgres in {self.number - 1, self.number}, where
        assert in_file is not None, where
        assert in_postgres is not None, where
        assert in_file <= in_postgres, where
        total = Decimal(in_postgres * 50)
        assert seen(self.database, CONSISTENT) == [(total, total, in_postgres)], where

    def finish(self, run_id: str, where: str) -> None:
        """The same command again gives what an undisturbed one gives."""
        publication = publish_candidate(self.home, Settings(), run_id)
        assert publication.id == self.number, where
        assert shown_by_target(self.home) == {"marts.duckdb": self.number, "PostgreSQL": self.number}, where
        total = Decimal(self.number * 50)
        assert seen(self.database, CONSISTENT) == [(total, total, self.number)], where
        assert postgres_state(self.home) == published_state(self.home), where
        assert [record.id for record in publication_log(self.home)] == list(range(1, self.number + 1)), where
        assert leftovers(self.home) == [], where
        assert list(self.home.candidates.iterdir()) == [], where
        with psycopg.connect(self.database.admin_uri) as admin:
            assert admin.execute(f"select count(*) {faults.SESSIONS}", [self.database.name]).fetchone() == (
                0,
            ), where


@pytest.fixture
def nights(home: Home, postgres: Database, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """A home whose first night is published in both targets."""
    configure(monkeypatch, postgres)
    nights = Nights(home, postgres)
    publish_candidate(home, Settings(), nights.prepare())
    return nights


def disturb(nights: Nights, chosen: Callable[[int], list[int]], fault: Any, codes: set[int]) -> Iterator[int]:
    """Each chosen point disturbed in a night of its own, checked and finished; with which code it ended."""
    passed = faults.points(nights.home.root, nights.prepare(), nights.database)
    assert len(passed) >= 35
    assert sum(name.startswith("postgres") for name in passed) >= 20
    for point in chosen(len(passed)):
        where = f"before {point}: {passed[point - 1]}"
        run_id = nights.prepare()
        code = processes.run(faults.publish, nights.home.root, run_id, nights.database, point, fault)
        assert code in codes, f"{where}: ended with {code}"
        nights.check_between(where)
        nights.finish(run_id, where)
        yield code


def some(count: int) -> Callable[[int], list[int]]:
    """Points at random, the same ones each time."""
    return lambda last: sorted(random.Random(SEED).sample(range(1, last + 1), min(count, last)))


@pytest.mark.guarantee("F5")
def test_f5_a_kill_while_publishing_into_postgresql_shows_a_third_state(
    nights: Nights, figure: Callable[[str, object], None]
) -> None:
    killed = list(disturb(nights, some(20), faults.kill, {processes.KILLED}))
    assert len(killed) == 20
    figure("kills while publishing into PostgreSQL", len(killed))


@pytest.mark.soak
@pytest.mark.guarantee("F5")
def test_f5_a_kill_at_any_point_of_publishing_into_postgresql_shows_a_third_state(
    nights: Nights, figure: Callable[[str, object], None]
) -> None:
    killed = list(disturb(nights, lambda last: list(range(1, last + 1)), faults.kill, {processes.KILLED}))
    figure("kills while publishing into PostgreSQL, every point", len(killed))


@pytest.mark.guarantee("F27")
def test_f27_a_session_that_is_ended_while_publishing_needs_a_hand(
    nights: Nights, figure: Callable[[str, object], None]
) -> None:
    # done, or ended with "the environment is in the way": the last points come after the last statement
    ended = list(disturb(nights, some(5), faults.EndSession(nights.database), {0, 3}))
    assert 3 in ended
    figure("sessions ended while publishing", len(ended))


@pytest.mark.guarantee("F27")
def test_f27_a_server_that_crashes_while_publishing_shows_a_third_state(
    nights: Nights, postgres_server: Server, figure: Callable[[str, object], None]
) -> None:
    crashed = list(disturb(nights, some(5), faults.Crash(postgres_server), {0, 3}))
    assert 3 in crashed
    figure("crashes of the server while publishing", len(crashed))


@pytest.mark.soak
@pytest.mark.guarantee("F27")
def test_f27_sessions_and_servers_that_end_anywhere_need_a_hand(
    nights: Nights, postgres_server: Server, figure: Callable[[str, object], None]
) -> None:
    every_second = disturb(
        nights, lambda last: list(range(1, last + 1, 2)), faults.EndSession(nights.database), {0, 3}
    )
    figure("sessions ended while publishing, every second point", len(list(every_second)))
    every_third = disturb(
        nights, lambda last: list(range(1, last + 1, 3)), faults.Crash(postgres_server), {0, 3}
    )
    figure("crashes of the server while publishing, every third point", len(list(every_third)))
