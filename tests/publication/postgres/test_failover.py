"""The server is lost and a copy of it takes over, older than what was published: publishing brings it to the newest."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from siyu.publication import publish_candidate, published_state, status
from siyu.publication.targets import postgres_state, shown_by_target
from siyu.settings import Home, Settings
from tests.postgres import Database, Server
from tests.publication import processes
from tests.publication.postgres import faults
from tests.publication.postgres.tables import configure, seen
from tests.publication.small_candidates import leftovers, write_candidate

ORDERS = 20
SHOWN = """
select (select max(publication_id) from marts.publish_log), (select sum(paid_amount) from marts.fct_orders),
    (select sum(net_amount) from marts.kpi_daily)
"""
LOG = "select publication_id from marts.publish_log order by 1"


class Lost:
    """The server dies and does not come back."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(self) -> None:
        self.server.stop("immediate")


@contextmanager
def standby_of(server: Server) -> Iterator[Server]:
    """A second server with what the first holds now; not started, and started again at the end if it was lost."""
    with tempfile.TemporaryDirectory(prefix="siyu-postgres-") as folder:
        standby = Server(Path(folder))
        server.stop()
        shutil.copytree(server.folder / "data", standby.folder / "data")
        server.start()
        with (standby.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"port = '{standby.port}'\n")
        owner = server.folder.stat()
        for path in (standby.folder, *standby.folder.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        try:
            yield standby
        finally:
            for one in (server, standby):
                if not (one.folder / "data" / "postmaster.pid").exists():
                    one.start()
            standby.stop("immediate")


def database_of(server: Server, name: str) -> Database:
    """The same database in another server."""
    return Database(
        name=name,
        admin_uri=server.uri("postgres", name),
        publisher_uri=server.uri("publisher", name),
        bi_uri=server.uri("bi_reader", name),
    )


def prepare(home: Home, number: int) -> str:
    """The candidate of night n, in which every order costs n."""
    write_candidate(home, f"night{number}", amount=f"{number}.00", orders=ORDERS)
    return f"night{number}"


def publish(home: Home, number: int) -> None:
    assert publish_candidate(home, Settings(), prepare(home, number)).id == number


def assert_newest(home: Home, database: Database, number: int) -> None:
    assert shown_by_target(home) == {"marts.duckdb": number, "PostgreSQL": number}
    assert seen(database, SHOWN) == [(number, number * ORDERS, number * ORDERS)]
    assert seen(database, LOG) == [(one,) for one in range(1, number + 1)]
    assert postgres_state(home) == published_state(home)
    assert status(home).is_complete
    assert leftovers(home) == []


@pytest.mark.soak  # two servers of its own, one of them started twice
@pytest.mark.guarantee("F27")
@pytest.mark.parametrize("behind", [1, 2])
def test_f27_a_standby_that_is_behind_needs_a_hand(
    home: Home,
    postgres: Database,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    behind: int,
) -> None:
    configure(monkeypatch, postgres)
    publish(home, 1)
    with standby_of(postgres_server) as standby:
        newest = 1 + behind
        for number in range(2, newest + 1):
            publish(home, number)
        postgres_server.stop("immediate")
        standby.start()
        promoted = database_of(standby, postgres.name)
        configure(monkeypatch, promoted)
        assert seen(promoted, SHOWN) == [(1, ORDERS, ORDERS)]
        assert shown_by_target(home) == {"marts.duckdb": newest, "PostgreSQL": 1}
        assert not status(home).is_complete
        has_news = behind > 1
        if has_news:
            publish(home, newest + 1)
        else:  # the same rows again: nothing to publish, and yet something to show
            assert not publish_candidate(home, Settings(), prepare(home, newest)).is_new
        assert_newest(home, promoted, newest + has_news)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.guarantee("F27")
def test_f27_a_server_lost_while_publishing_and_an_older_standby_show_a_third_state(
    home: Home,
    postgres: Database,
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[[str, object], None],
) -> None:
    configure(monkeypatch, postgres)
    publish(home, 1)
    passed = faults.points(home.root, prepare(home, 2), postgres)
    first = next(number for number, name in enumerate(passed, 1) if name.startswith("postgres"))
    points = range(first, len(passed) + 1, 6)
    number, codes = 2, set()
    for point in points:
        where = f"lost before {point}: {passed[point - 1]}"
        with standby_of(postgres_server) as standby:
            publish(home, number + 1)
            run_id = prepare(home, number + 2)
            code = processes.run(faults.publish, home.root, run_id, postgres, point, Lost(postgres_server))
            assert code in {0, 3}, f"{where}: ended with {code}"
            codes.add(code)
            standby.start()
            promoted = database_of(standby, postgres.name)
            configure(monkeypatch, promoted)
            assert seen(promoted, SHOWN) == [(number, number * ORDERS, number * ORDERS)], where
            assert publish_candidate(home, Settings(), run_id).id == number + 2, where
            assert_newest(home, promoted, number + 2)
        # the lost server comes back as it was: now it is the one that is behind
        configure(monkeypatch, postgres)
        number += 3
        publish(home, number)
        assert_newest(home, postgres, number)
    assert 3 in codes
    figure("servers lost while publishing, with a standby that is behind", len(points))
