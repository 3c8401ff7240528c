"""A publication changes what differs and nothing else; a shape that readers rely on is never changed."""

from decimal import Decimal

import psycopg
import pytest

from siyu.errors import EnvironmentFaultError, RefusedError
from siyu.publication import publish_candidate, published_state
from siyu.publication.postgres.target import open_target
from siyu.publication.records import publication_log
from siyu.publication.targets import postgres_state
from siyu.settings import Home, Settings
from tests.postgres import Database
from tests.publication.postgres.tables import configure, seen, write_night

TABLES = """
select table_name from information_schema.tables
where table_schema = 'marts' and table_name not in ('publish_log', 'run_log') order by 1
"""


@pytest.fixture(autouse=True)
def _published_into_postgres(monkeypatch: pytest.MonkeyPatch, postgres: Database) -> None:
    configure(monkeypatch, postgres)


def night(home: Home, settings: Settings, run_id: str, **queries: str) -> None:
    write_night(home, run_id, queries)
    publish_candidate(home, settings, run_id)
    assert postgres_state(home) == published_state(home)


def test_rows_that_did_not_change_are_written_again(
    home: Home, settings: Settings, postgres: Database
) -> None:
    night(
        home,
        settings,
        "n1",
        m="select range as k, 1.00::decimal(18,2) as v, null::varchar as w from range(100)",
    )
    before = dict(seen(postgres, "select k, xmin::text from marts.m"))
    night(
        home,
        settings,
        "n2",
        m="select range as k, if(range = 7, 2, 1)::decimal(18,2) as v, if(range = 8, '', null) as w"
        " from range(1, 101)",
    )
    after = dict(seen(postgres, "select k, xmin::text from marts.m"))
    assert sorted(after) == list(range(1, 101))
    assert {k for k in after if after[k] != before.get(k)} == {7, 8, 100}
    assert seen(postgres, "select v, w from marts.m where k in (7, 8) order by k") == [
        (Decimal("2.00"), None),
        (Decimal("1.00"), ""),
    ]


def test_a_key_of_several_columns_mixes_rows_up(home: Home, settings: Settings, postgres: Database) -> None:
    keys = {"m": ("day", "channel")}
    rows = "from range(3) r, (values ('ab'), ('a|b')) c (channel)"
    first = f"{rows} select date '2026-11-19' + range::integer as day, channel, range as v"
    second = (
        f"{rows} select date '2026-11-19' + range::integer as day, channel, range * 10 as v where range > 0"
    )
    for run_id, query in (("n1", first), ("n2", second)):
        write_night(home, run_id, {"m": query}, keys=keys)
        publish_candidate(home, settings, run_id)
        assert postgres_state(home) == published_state(home)
    assert seen(postgres, "select day::text, channel, v from marts.m order by channel, day") == [
        ("2026-11-20", "ab", 10),
        ("2026-11-21", "ab", 20),
        ("2026-11-20", "a|b", 10),
        ("2026-11-21", "a|b", 20),
    ]


def test_a_table_of_keys_alone_cannot_be_merged(home: Home, settings: Settings, postgres: Database) -> None:
    night(home, settings, "n1", m="select range as k from range(5)")
    night(home, settings, "n2", m="select range as k from range(3, 8)")
    assert seen(postgres, "select min(k), max(k), count(*) from marts.m") == [(3, 7, 5)]


def test_an_added_column_stays_empty_or_a_gone_one_looks_current(
    home: Home, settings: Settings, postgres: Database
) -> None:
    night(home, settings, "n1", m="select range as k, 'old' as a from range(3)")
    night(home, settings, "n2", m="select range as k, 'old' as a, range * 2 as b from range(3)")
    assert seen(postgres, "select k, a, b from marts.m order by k") == [
        (0, "old", 0),
        (1, "old", 2),
        (2, "old", 4),
    ]
    night(home, settings, "n3", m="select range as k, range * 2 as b from range(3)")
    assert seen(postgres, "select k, a, b from marts.m order by k") == [
        (0, None, 0),
        (1, None, 2),
        (2, None, 4),
    ]
    night(home, settings, "n4", m="select range as k, 'back' as a from range(3)")
    assert seen(postgres, "select distinct a, b from marts.m") == [("back", None)]


def test_rows_of_a_table_that_is_published_no_longer_look_current(
    home: Home, settings: Settings, postgres: Database
) -> None:
    night(home, settings, "n1", m="select 1 as k", gone="select 1 as k")
    night(home, settings, "n2", m="select 2 as k")
    assert seen(postgres, TABLES) == [("gone",), ("m",)]
    assert seen(postgres, "select count(*) from marts.gone") == [(0,)]
    night(home, settings, "n3", m="select 2 as k", gone="select 3 as k")
    assert seen(postgres, "select k from marts.gone") == [(3,)]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            "select 1::bigint as k, 1.00::decimal(18,2) as v",
            "column k: it is integer, the publication has bigint",
        ),
        ("select 1 as k, 1.00::decimal(18,4) as v", "column v: it is numeric"),
        ("select 1.00::decimal(18,2) as v, 1 as k", "its primary key is"),
    ],
)
def test_a_changed_shape_changes_what_readers_rely_on(
    home: Home, settings: Settings, postgres: Database, query: str, says: str
) -> None:
    night(home, settings, "n1", m="select 1 as k, 1.00::decimal(18,2) as v")
    write_night(home, "n2", {"m": query})
    with pytest.raises(RefusedError, match=says) as refusal:
        publish_candidate(home, settings, "n2")
    assert "marts.duckdb shows publication 1, PostgreSQL shows publication 1" in str(refusal.value)
    assert [record.id for record in publication_log(home)] == [1]
    night(home, settings, "n3", m="select 1 as k, 2.00::decimal(18,2) as v")
    assert seen(postgres, "select v from marts.m") == [(Decimal("2.00"),)]


def test_comments_of_tables_or_columns_do_not_arrive(
    home: Home, settings: Settings, postgres: Database
) -> None:
    night(home, settings, "n1", m="select 1 as k, 'it''s' as v")
    comments = """
    select a.attname, col_description(a.attrelid, a.attnum), obj_description(a.attrelid, 'pg_class')
    from pg_attribute a where a.attrelid = 'marts.m'::regclass and a.attnum > 0 order by a.attnum
    """
    assert seen(postgres, comments) == [
        ("k", "The k's text. 列。", "One row of m. 每行一条。"),
        ("v", "The v's text. 列。", "One row of m. 每行一条。"),
    ]


def test_the_log_lacks_publications_made_before_postgresql(
    home: Home, settings: Settings, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_POSTGRES_SERVING")
    for number in (1, 2):
        write_night(home, f"n{number}", {"m": f"select {number} as k"})
        publish_candidate(home, settings, f"n{number}")
    configure(monkeypatch, postgres)
    night(home, settings, "n3", m="select 3 as k")
    log = seen(
        postgres, "select publication_id, run_id, as_of_date, published_at, restores from marts.publish_log"
    )
    assert log == [
        (record.id, record.run_id, record.as_of_date, record.published_at.replace(tzinfo=None), None)
        for record in publication_log(home)
    ]


def test_rows_that_somebody_else_loaded_since_go_live(
    home: Home, settings: Settings, postgres: Database
) -> None:
    night(home, settings, "n1", m="select 1 as k")
    manifest = write_night(home, "n2", {"m": "select 2 as k"})
    record = publication_log(home)[-1]
    later = type(record)(**{**vars(record), "id": 2, "run_id": "n2"})
    with open_target(home, postgres.publisher_uri, run_id="n2") as target:
        target.stage(home.candidates / "n2", manifest)
        with psycopg.connect(postgres.publisher_uri) as other:
            other.execute("truncate marts_candidate.m")
            other.execute("insert into marts_candidate.m values (666)")
        with pytest.raises(EnvironmentFaultError, match="somebody else loaded"):
            target.commit(manifest, later, [record, later])
    assert seen(postgres, "select k from marts.m") == [(1,)]
    assert seen(postgres, "select max(publication_id) from marts.publish_log") == [(1,)]
