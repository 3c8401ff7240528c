"""Forgotten persons and replaced tokens are in no table of PostgreSQL, nor in the one that is loaded into."""

import psycopg
import pytest
from psycopg import sql

from siyu.landing import add_tombstones, read_tombstones
from siyu.landing.personal import open_keys
from siyu.privacy import rekey
from siyu.publication import published_state
from siyu.publication.erasure import erase_published
from siyu.publication.targets import postgres_state
from siyu.settings import Home, Settings
from tests.landing.shop import BRAND, CHANNEL, File, Shop, order
from tests.postgres import Database
from tests.privacy.crosswalks import publish_crosswalk
from tests.publication.postgres.tables import configure, seen
from tests.publication.small_candidates import served

OWNERS = [("phone|global|token-anna", 0, "m_anna"), ("phone|global|token-bert", 0, "m_bert")]


def everything(database: Database) -> str:
    """All rows of all tables in siyu's schemas, as text."""
    found = []
    with psycopg.connect(database.admin_uri) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables"
            " where schemaname in ('marts', 'restricted', 'marts_candidate', 'publishing')"
        ).fetchall()
        for names in tables:
            query = sql.SQL("select t::text from {} as t").format(sql.Identifier(*names))
            found += connection.execute(query).fetchall()
    return repr(found)


@pytest.mark.guarantee("F34")
def test_f34_somebody_who_was_forgotten_is_in_a_table_of_postgresql(
    home: Home, settings: Settings, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, postgres)
    for night in ("night1", "night2"):
        publish_crosswalk(home, night, OWNERS, {"m_older": "m_anna", f"m_{night}": "m_bert"})
    before = everything(postgres)
    assert (
        before.count("m_anna") > before.count("token-anna") >= 2
    )  # the crosswalk, and where it was loaded into
    add_tombstones(home, ["token-anna", "m_anna", "m_older"])
    done = erase_published(home, settings, read_tombstones(home))
    assert (done.revised, done.published) == (2, 3)
    after = everything(postgres)
    assert [name for name in ("m_anna", "token-anna", "m_older") if name in after] == []
    assert "token-bert" in after
    with psycopg.connect(postgres.admin_uri) as connection:
        vacuumed = connection.execute(
            "select schemaname, relname from pg_stat_user_tables where last_vacuum is not null"
        ).fetchall()
    assert {
        ("restricted", "dim_member_identifiers"),
        ("marts", "member_360"),
        ("marts_candidate", "fct_orders"),
    } <= {*vacuumed}
    assert postgres_state(home) == published_state(home)
    money = "select sum(net_amount) from marts.fct_orders"
    assert seen(postgres, money) == served(home, money) == [(37.5,)]
    assert seen(postgres, "select publication_id, restores from marts.publish_log order by 1") == [
        (1, None),
        (2, None),
        (3, 2),
    ]


def test_f33_a_token_from_before_a_rekeying_is_in_a_table_of_postgresql(
    home: Home, settings: Settings, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, postgres)
    Shop(home).land(File(rows=[order("o1", customer_id="anna"), order("o2", customer_id="bert")]))
    tokenizer = open_keys(home).tokenizer
    tokens = [tokenizer.customer(BRAND, CHANNEL, account) for account in ("anna", "bert")]
    owners = [(f"customer|{CHANNEL}|{token}", 0, f"m_{token[:4]}") for token in tokens]
    for night in ("night1", "night2"):
        publish_crosswalk(home, night, owners, {f"m_{night}": owners[0][2]})
    assert [everything(postgres).count(token) >= 2 for token in tokens] == [True, True]
    done = rekey(home, settings, by="li.na", reason="leaked")
    assert (done.revised, done.published) == (2, 3)
    after, new = everything(postgres), open_keys(home).tokenizer
    assert [token for token in tokens if token in after] == []
    assert all(new.customer(BRAND, CHANNEL, account) in after for account in ("anna", "bert"))
    assert all(member_id in after for _, _, member_id in owners)
    assert postgres_state(home) == published_state(home)
