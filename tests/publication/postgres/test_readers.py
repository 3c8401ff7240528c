"""Those who read while something is published see whole publications in order, are in no way, and lose nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from siyu.clock import utc_now
from siyu.errors import EnvironmentFaultError
from siyu.publication import prune_publications, publish_candidate
from siyu.publication.postgres import load
from siyu.settings import Home, Settings
from tests.postgres import Database, Server
from tests.publication.postgres.readers import READ, readers
from tests.publication.postgres.tables import configure, seen, write_night
from tests.publication.small_candidates import write_candidate

ORDERS = 200


@pytest.fixture(autouse=True)
def _published_into_postgres(monkeypatch: pytest.MonkeyPatch, postgres: Database) -> None:
    configure(monkeypatch, postgres)


def publish_night(home: Home, number: int) -> None:
    """Publication n, in which every order costs n."""
    write_candidate(home, f"night{number}", amount=f"{number}.00", orders=ORDERS)
    assert publish_candidate(home, Settings(), f"night{number}").id == number


def publish_before_readers(
    home: Home, database: Database, folder: Path, figure: Callable[[str, object], None], *, publications: int
) -> tuple[int, float]:
    """Publish with six readers at work; how many reads there were and how much slower the slowest hundredth got."""
    publish_night(home, 1)
    # those of a thousand leave the machine to the other tests
    thinking = 0.05 if publications < 100 else 0.25
    with readers(database, folder, count=6, orders=ORDERS, thinking_seconds=thinking) as team:
        for number in range(2, publications + 2):
            if number % 50 == 2:  # pauses all along: what else this machine does meets both sides
                time.sleep(3)
                # the files of old publications are not what is measured
                keep_three = Settings(keep_publications=3, reader_grace_hours=0)
                prune_publications(home, keep_three, utc_now() + timedelta(hours=1))
            with team.publishing():
                publish_night(home, number)
    assert [reader["errors"] for reader in team.seen] == [[]] * 6
    assert team.total("mixed") == 0
    assert team.total("backwards") == 0
    figure("publications with six readers at work", publications)
    figure("reads", team.total("reads"))
    figure("torn reads", team.total("mixed"))
    figure("p99 of a read without publishing, ms", team.p99_ms("quiet"))
    figure("p99 of a read while publishing, ms", team.p99_ms("busy"))
    return team.total("reads"), team.p99_ms("busy") / team.p99_ms("quiet")


@pytest.mark.guarantee("F2")
def test_f2_a_reader_sees_two_publications_at_once_or_an_older_one_again(
    home: Home, postgres: Database, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    reads, _ = publish_before_readers(home, postgres, tmp_path / "readers", figure, publications=15)
    assert reads >= 300


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.guarantee("F2")
def test_f2_a_reader_sees_two_publications_at_once_within_a_thousand(
    home: Home, postgres: Database, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    reads, slower = publish_before_readers(home, postgres, tmp_path / "readers", figure, publications=1000)
    assert reads >= 3000
    assert slower <= 2


# a statement half way through its rows: it cannot send more, for nobody takes what it has sent
IS_HALF_WAY = """
select from pg_stat_activity where state = 'active' and wait_event = 'ClientWrite' and usename = 'bi_reader'
"""


@pytest.mark.guarantee("F2")
def test_f2_a_publication_waits_for_a_reader_or_gives_it_rows_of_another(
    home: Home, postgres: Database, postgres_server: Server
) -> None:
    with psycopg.connect(postgres.admin_uri, autocommit=True) as admin:
        admin.execute(
            sql.SQL("alter role publisher in database {} set log_lock_waits = on").format(
                sql.Identifier(postgres.name)
            )
        )
    publish_night(home, 1)
    told_before = len(postgres_server.log.read_text())
    with psycopg.connect(postgres.bi_uri) as idle, psycopg.connect(postgres.bi_uri) as busy:
        assert idle.execute("select count(*) from marts.fct_orders").fetchone() == (ORDERS,)
        # 20 MB, more than fits between server and client
        busy.pgconn.send_query(
            b"begin; select order_key, paid_amount, repeat('x', 100000) from marts.fct_orders"
        )
        while not seen(postgres, IS_HALF_WAY):
            time.sleep(0.01)
        for number in (2, 3):
            publish_night(home, number)
        still_reading = (
            "select count(*) from pg_locks where relation = 'marts.fct_orders'::regclass and granted"
        )
        with psycopg.connect(postgres.admin_uri) as admin:
            assert admin.execute(f"{still_reading} and mode = 'AccessShareLock'").fetchone() == (2,)
        assert seen(postgres, IS_HALF_WAY)
        _, rows = iter(busy.pgconn.get_result, None)
        assert rows.status == psycopg.pq.ExecStatus.TUPLES_OK, rows.error_message
        read = {(rows.get_value(row, 0), rows.get_value(row, 1)) for row in range(rows.ntuples)}
        assert read == {(f"shop|{number}".encode(), b"1.00") for number in range(ORDERS)}
    # the server writes a line for whoever has waited a second for a lock
    assert "still waiting for" not in postgres_server.log.read_text()[told_before:]


def same_rows(home: Home, database: Database, *, publications: int) -> None:
    publish_night(home, 1)
    for number in range(2, publications + 2):
        with psycopg.connect(database.bi_uri) as session:
            session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            queries = (READ, "select * from marts.fct_orders", "select * from marts.publish_log")
            before = [session.execute(query).fetchall() for query in queries]
            publish_night(home, number)
            assert [session.execute(query).fetchall() for query in queries] == before
            assert before[0][0][0] == number - 1
        assert seen(database, READ)[0][0] == number


@pytest.mark.guarantee("F3")
def test_f3_a_repeatable_read_session_loses_or_changes_rows(
    home: Home, postgres: Database, figure: Callable[[str, object], None]
) -> None:
    same_rows(home, postgres, publications=5)
    figure("repeatable-read sessions over a publication", 5)


@pytest.mark.soak
@pytest.mark.guarantee("F3")
def test_f3_one_of_fifty_repeatable_read_sessions_loses_or_changes_rows(
    home: Home, postgres: Database, figure: Callable[[str, object], None]
) -> None:
    same_rows(home, postgres, publications=50)
    figure("repeatable-read sessions over a publication, soak", 50)


# what an analyst made, as the catalogue shows it
OWNED = """
select 'view', schemaname || '.' || viewname, viewowner || ': ' || definition from pg_views where schemaname = 'own'
union all
select 'grants', c.oid::regclass::text, c.relacl::text from pg_class as c
where c.relnamespace in ('marts'::regnamespace, 'own'::regnamespace) and c.relkind in ('r', 'v')
union all
select 'comment', c.oid::regclass::text, obj_description(c.oid, 'pg_class') from pg_class as c
where c.relnamespace = 'own'::regnamespace
union all
select 'columns', a.attrelid::regclass::text || '.' || a.attname, a.attacl::text from pg_attribute as a
where a.attrelid = 'marts.fct_orders'::regclass and a.attacl is not null
order by 1, 2
"""


@contextmanager
def an_analyst(database: Database) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Somebody with a view, grants and comments of their own over fct_orders; what is yielded runs SQL as admin."""
    analyst = sql.Identifier(f"analyst_of_{database.name}")
    with psycopg.connect(database.admin_uri, autocommit=True) as admin:

        def run(statement: str) -> list[tuple[Any, ...]]:
            cursor = admin.execute(sql.SQL(statement).format(analyst=analyst))
            return cursor.fetchall() if cursor.description else []

        run("create role {analyst}")
        try:
            run("create schema own authorization {analyst}")
            run("grant usage on schema marts to {analyst}")
            run("grant select on marts.fct_orders to {analyst} with grant option")
            run("grant select (paid_amount) on marts.fct_orders to {analyst}")
            run("set role {analyst}")
            run("create view own.totals as select sum(paid_amount) as total from marts.fct_orders")
            run("comment on view own.totals is 'for the board; 董事会用'")
            run("grant select on own.totals to bi_reader")
            run("grant select on marts.fct_orders to bi_reader")
            run("reset role")
            yield run
        finally:
            run("reset role")
            run("drop owned by {analyst} cascade")
            run("drop role {analyst}")


def total_of(run: Callable[[str], list[tuple[Any, ...]]]) -> int:
    """What the analyst's view says."""
    run("set role {analyst}")
    [(total,)] = run("select total from own.totals")
    run("reset role")
    return int(total)


def keep_what_users_own(home: Home, database: Database, *, publications: int) -> None:
    orders = "select 'shop|' || range as order_key, {0}.00::decimal(18,2) as paid_amount from range(3)"
    added = "select 'shop|' || range as order_key, {0}.00::decimal(18,2) as paid_amount, 'new' as note from range(3)"

    def publish(number: int, query: str) -> None:
        write_night(home, f"night{number}", {"fct_orders": query.format(number)})
        publish_candidate(home, Settings(), f"night{number}")

    publish(1, orders)
    with an_analyst(database) as run:
        before = run(OWNED)
        assert len(before) >= 5
        for number in range(2, publications + 2):
            publish(number, orders if number == 2 else added)
            assert run(OWNED) == before
            assert total_of(run) == number * 3


@pytest.mark.guarantee("F4")
def test_f4_a_publication_takes_views_grants_or_comments_of_users_away(
    home: Home, postgres: Database, figure: Callable[[str, object], None]
) -> None:
    keep_what_users_own(home, postgres, publications=4)
    figure("publications over what users own", 4)


@pytest.mark.soak
@pytest.mark.guarantee("F4")
def test_f4_one_of_twenty_publications_takes_something_of_users_away(
    home: Home, postgres: Database, figure: Callable[[str, object], None]
) -> None:
    keep_what_users_own(home, postgres, publications=20)
    figure("publications over what users own, soak", 20)


WIDENED = """
select 'shop|' || range as order_key, {0}.00::decimal(18,2) as paid_amount,
    timestamp '2026-11-20 01:02:03' as paid_at, {1}
from range({2})
"""
DAY = "select date '2026-11-20' as business_date, ({0} * {1})::decimal(18,2) as net_amount"
LOG, ROWS = "select * from marts.publish_log", "select order_key, paid_amount, paid_at from marts.fct_orders"


def publish_wider(home: Home, number: int, *, added_columns: int) -> None:
    """Publication n, in which every order costs n."""
    added = ", ".join(f"'{number}' as added{column}" for column in range(added_columns))
    queries = {"fct_orders": WIDENED.format(number, added, ORDERS), "kpi_daily": DAY.format(number, ORDERS)}
    write_night(home, f"night{number}", queries)
    assert publish_candidate(home, Settings(), f"night{number}").id == number


@pytest.mark.soak
@pytest.mark.guarantee("F3")
@pytest.mark.guarantee("F4")
def test_f3_f4_six_readers_a_session_or_an_analyst_notice_a_publication_or_an_added_column(
    home: Home, postgres: Database, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    publications = 60
    publish_wider(home, 1, added_columns=1)
    with (
        an_analyst(postgres) as run,
        readers(postgres, tmp_path / "readers", count=6, orders=ORDERS) as team,
    ):
        owned = run(OWNED)
        for number in range(2, publications + 2):
            # a column is added in a moment without an open transaction on its table: the session has yet to read it
            first = [LOG] if number % 4 == 0 else [LOG, READ, ROWS, "select * from marts.fct_orders"]
            with psycopg.connect(postgres.bi_uri) as session:
                session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                before = {query: session.execute(query).fetchall() for query in first}
                publish_wider(home, number, added_columns=number // 4 + 1)
                assert {query: session.execute(query).fetchall() for query in first} == before
                old = number - 1
                assert session.execute(READ).fetchall() == [(old, old * ORDERS, old * ORDERS, ORDERS)]
                assert {row[1] for row in session.execute(ROWS)} == {old}
            assert run(OWNED) == owned
            assert total_of(run) == number * ORDERS
    assert [reader["errors"] for reader in team.seen] == [[]] * 6
    assert (team.total("mixed"), team.total("backwards")) == (0, 0)
    [(columns,)] = seen(
        postgres,
        "select count(*) from pg_attribute where attrelid = 'marts.fct_orders'::regclass and attnum > 3",
    )
    assert columns == publications // 4 + 1
    assert team.total("reads") >= 300
    figure("columns added with six readers and a session at work", columns - 1)
    figure("reads while columns were added", team.total("reads"))


WAITS = "select from pg_locks where relation = 'marts.fct_orders'::regclass and not granted"


@pytest.fixture
def short_turns(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many turns of waiting for a reader as ever, each a tenth as long."""
    with psycopg.connect(postgres.admin_uri, autocommit=True) as admin:
        admin.execute(
            "alter function publishing.ensure_table(text, jsonb, text[], text, text) set lock_timeout = '200ms'"
        )
    monkeypatch.setattr(load, "ENSURE_PAUSE_SECONDS", load.ENSURE_PAUSE_SECONDS / 10)


@pytest.mark.usefixtures("short_turns")
def test_a_new_column_does_not_outwait_a_reader_that_lets_go_after_a_turn(
    home: Home, postgres: Database
) -> None:
    publish_wider(home, 1, added_columns=1)

    def let_go_after_a_turn() -> None:
        for is_waiting in (True, False):
            while bool(seen(postgres, WAITS)) != is_waiting:
                time.sleep(0.01)
        reader.close()

    with psycopg.connect(postgres.bi_uri) as reader:
        reader.execute(READ)
        letting_go = threading.Thread(target=let_go_after_a_turn, daemon=True)
        letting_go.start()
        publish_wider(home, 2, added_columns=2)
        letting_go.join()
    assert seen(postgres, READ) == [(2, 2 * ORDERS, 2 * ORDERS, ORDERS)]
    assert seen(postgres, "select distinct added0, added1 from marts.fct_orders") == [("2", "2")]


def refuse_beside_a_reader(home: Home, database: Database) -> float:
    """Publish a new column over a reader that stays; how many seconds it took to give up."""
    publish_wider(home, 1, added_columns=1)
    everything = (READ, LOG, "select * from marts.fct_orders", "select * from marts.kpi_daily")
    with psycopg.connect(database.bi_uri) as reader:
        before = [seen(database, query) for query in everything]
        assert reader.execute(READ).fetchall() == before[0]
        started = time.monotonic()
        with pytest.raises(EnvironmentFaultError, match=r"marts\.fct_orders is to get a new column") as fault:
            publish_wider(home, 2, added_columns=2)
        waited = time.monotonic() - started
        assert fault.value.exit_code == 3
        assert "marts.duckdb shows publication 1, PostgreSQL shows publication 1" in str(fault.value)
        assert "end that session" in str(fault.value)
        assert [seen(database, query) for query in everything] == before
        assert reader.execute(READ).fetchall() == before[0]
    assert publish_candidate(home, Settings(), "night2").id == 2
    assert seen(database, READ) == [(2, 2 * ORDERS, 2 * ORDERS, ORDERS)]
    return waited


@pytest.mark.usefixtures("short_turns")
def test_a_new_column_waits_for_ever_for_a_reader_that_stays_or_changes_what_it_sees(
    home: Home, postgres: Database
) -> None:
    refuse_beside_a_reader(home, postgres)


@pytest.mark.soak
def test_a_new_column_keeps_a_night_waiting_for_a_reader_for_a_minute(home: Home, postgres: Database) -> None:
    waited = refuse_beside_a_reader(home, postgres)
    assert load.ENSURE_TRIES * (2 + load.ENSURE_PAUSE_SECONDS) - 1 < waited < 60
