"""Installing: any number of times, beside what others own, without a password in a log."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from siyu.errors import EnvironmentFaultError, RefusedError, UsageError
from siyu.publication.postgres.connection import (
    VARIABLE,
    connect_serving,
    described,
    serving_uri,
    uri_file,
)
from siyu.publication.postgres.install import install, version
from siyu.settings import Home
from siyu.storage import make_folder
from tests.postgres import PASSWORDS, Database, Server, installed, running_server

# everything an install decides, as PostgreSQL itself records it; verifiers are salted anew each time
CATALOGS = """
select 'role', rolname, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconfig)
    from pg_roles where rolname !~ '^pg_'
union all select 'database', datname, datacl::text from pg_database where datname = current_database()
union all select 'schema', nspname, concat_ws(' ', nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace'))
    from pg_namespace where nspname !~ '^pg_toast'
union all select 'table', oid::regclass::text, concat_ws(' ', relowner::regrole, relacl, relpersistence)
    from pg_class
    where relnamespace in (select oid from pg_namespace where nspname in ('marts', 'marts_candidate', 'own'))
union all select 'default', defaclnamespace::regnamespace::text, defaclacl::text from pg_default_acl
union all select 'function', oid::regprocedure::text, concat_ws(' ', proowner::regrole, proacl, md5(prosrc))
    from pg_proc where pronamespace = 'publishing'::regnamespace or proacl is not null
union all select 'view', viewname, definition from pg_views where schemaname = 'own'
order by 1, 2, 3
"""
WRITABLE = "-c default_transaction_read_only=off"
ENSURE = "select publishing.ensure_table(%s, %s, %s, %s)"
COLUMNS = """
select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(a.attrelid, a.attnum)
from pg_attribute as a
where a.attrelid = %s::regclass and a.attnum > 0 order by a.attnum
"""


def column(name: str, type_: str = "VARCHAR", description: str = "") -> dict[str, str]:
    return {"name": name, "type": type_, "description": description}


def ensure(
    uri: str, table: str, columns: list[dict[str, str]], key: list[str], description: str = ""
) -> bool:
    with psycopg.connect(uri) as connection:
        found = connection.execute(ENSURE, [table, json.dumps(columns), key, description]).fetchone()
        assert found is not None
        return bool(found[0])


def rows(uri: str, query: Any, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with psycopg.connect(uri) as connection:
        return connection.execute(query, parameters).fetchall()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server in which nobody has installed anything."""
    with running_server() as server:
        yield server


def test_installing_again_changes_nothing_of_siyu_and_nothing_of_others(postgres: Database) -> None:
    ensure(postgres.publisher_uri, "kpi_daily", [column("brand_code")], ["brand_code"])
    with psycopg.connect(postgres.admin_uri) as admin:
        admin.execute("create schema own")
        admin.execute("create view own.brands as select brand_code from marts.kpi_daily")
        admin.execute("grant usage on schema own to bi_reader")
        admin.execute("grant select on own.brands to bi_reader")
    before = rows(postgres.admin_uri, CATALOGS)
    assert len(before) > 20
    installed(postgres)
    installed(postgres)
    assert rows(postgres.admin_uri, CATALOGS) == before
    assert rows(postgres.bi_uri, "select * from own.brands") == []


def test_one_server_carries_several_databases(postgres: Database, postgres_server: Server) -> None:
    with postgres_server.database() as second:
        for database in (postgres, second):
            ensure(database.publisher_uri, "kpi_daily", [column("brand_code")], ["brand_code"])
            assert rows(database.bi_uri, "select * from marts.kpi_daily") == []


def test_an_older_installation_is_brought_up_to_date(postgres: Database) -> None:
    ensure(postgres.publisher_uri, "kpi_daily", [column("brand_code")], ["brand_code"])
    complete = rows(postgres.admin_uri, CATALOGS)
    with psycopg.connect(postgres.admin_uri) as admin:
        admin.execute("comment on schema publishing is 'siyu 0'")
        admin.execute("drop function publishing.type_of")
        admin.execute("revoke select on marts.publish_log from bi_reader")
        admin.execute("alter role bi_reader set default_transaction_read_only = off")
    installed(postgres)
    assert rows(postgres.admin_uri, CATALOGS) == complete
    found = rows(postgres.admin_uri, "select obj_description('publishing'::regnamespace, 'pg_namespace')")
    assert found == [(version(),)]


def test_an_administrator_who_is_no_superuser_can_install(own_server: Server) -> None:
    with psycopg.connect(own_server.uri("postgres"), autocommit=True) as root:
        root.execute("create role dba login createrole password 'pw-of-dba'")
        root.execute("create database shop owner dba")
    uri = own_server.uri("postgres", "shop").replace("postgres:pw-of-postgres", "dba:pw-of-dba")
    for _ in range(2):
        install(uri, publisher_password=PASSWORDS["publisher"], reader_password=PASSWORDS["bi_reader"])
    ensure(own_server.uri("publisher", "shop"), "kpi_daily", [column("brand_code")], ["brand_code"])
    assert rows(own_server.uri("bi_reader", "shop"), "select * from marts.kpi_daily") == []
    with (
        psycopg.connect(own_server.uri("bi_reader", "shop"), options=WRITABLE) as reader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reader.execute("create temporary table t (x int)")


def test_someone_without_the_rights_is_told_which_role_to_name(postgres: Database) -> None:
    with pytest.raises(EnvironmentFaultError, match="SIYU_POSTGRES_ADMIN"):
        installed(replace(postgres, admin_uri=postgres.publisher_uri))


@pytest.mark.parametrize("name", ["marts", "publishing"])
def test_a_schema_of_somebody_else_is_refused_and_left_as_it_is(postgres_server: Server, name: str) -> None:
    with postgres_server.empty_database() as database:
        with psycopg.connect(database.admin_uri) as admin:
            admin.execute(f"create schema {name}")
        schemas = rows(
            database.admin_uri, "select nspname, nspowner, nspacl::text from pg_namespace order by 1"
        )
        with pytest.raises(RefusedError, match=f"schema {name} exists and belongs to another role"):
            installed(database)
        assert schemas == rows(
            database.admin_uri, "select nspname, nspowner, nspacl::text from pg_namespace order by 1"
        )


def test_a_role_of_that_name_with_more_rights_is_refused(postgres: Database) -> None:
    with psycopg.connect(postgres.admin_uri, autocommit=True) as admin:
        admin.execute("alter role publisher createrole")
        try:
            with pytest.raises(RefusedError, match="role publisher exists with rights"):
                installed(postgres)
        finally:
            admin.execute("alter role publisher nocreaterole")


@pytest.mark.guarantee("F32")
def test_f32_no_password_reaches_the_log_of_the_server(postgres_server: Server) -> None:
    with postgres_server.empty_database() as database:
        with psycopg.connect(database.admin_uri) as admin:
            admin.execute("alter role postgres set log_statement = 'all'")
        try:
            installed(database)
        finally:
            with psycopg.connect(database.admin_uri) as admin:
                admin.execute("alter role postgres reset log_statement")
        log = postgres_server.log.read_text(encoding="utf-8")
    assert 'alter role "publisher" password \'SCRAM-SHA-256$' in log  # the statement was logged
    assert [role for role, password in PASSWORDS.items() if password in log] == []


def test_an_empty_password_is_refused(postgres: Database) -> None:
    with pytest.raises(UsageError, match="password is empty"):
        install(postgres.admin_uri, publisher_password="", reader_password=PASSWORDS["bi_reader"])


@pytest.mark.parametrize(
    "change",
    [
        lambda uri: uri.replace("of%2Fpublisher", "canary-7391"),
        lambda uri: uri.replace("publisher:", "nobody-of-that-name:"),
        lambda uri: uri.rsplit("/", 1)[0] + "/no_such_database",
        lambda uri: uri.replace("127.0.0.1", "no-such-host.invalid"),
        lambda uri: uri.rsplit(":", 1)[0] + ":1/x",
    ],
    ids=["password", "user", "database", "host", "port"],
)
def test_a_server_out_of_reach_is_named_without_user_and_password(
    postgres: Database, change: Callable[[str], str]
) -> None:
    uri = change(postgres.publisher_uri)
    with (
        pytest.raises(EnvironmentFaultError) as raised,
        connect_serving(uri, application_name="test"),
    ):
        pass
    words = str(raised.value)
    assert words.startswith(f"PostgreSQL at {described(uri)} cannot be reached (OperationalError: ")
    assert not any(secret in words for secret in ("pw", "canary-7391", "publisher", "nobody-of-that-name"))
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_the_address_comes_from_the_environment_then_from_the_home(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert serving_uri(home) is None
    make_folder(home.keys)
    uri_file(home).write_text("postgresql://publisher:a@here:5433/one\n", encoding="utf-8")
    assert serving_uri(home) == "postgresql://publisher:a@here:5433/one"
    monkeypatch.setenv(VARIABLE, "postgres://publisher:a@there/two")
    assert serving_uri(home) == "postgres://publisher:a@there/two"
    assert described("postgres://publisher:a@there/two") == "there:5432/two"


@pytest.mark.parametrize(
    "text", ["canary-7391", "mysql://u:canary-7391@h/d", "postgresql://u:canary-7391@h/d?x=y"]
)
def test_an_address_that_is_none_is_refused_without_quoting_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(UsageError) as raised:
        serving_uri(home)
    assert VARIABLE in str(raised.value)
    assert "canary" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_session_speaks_utc_and_utf8(postgres: Database) -> None:
    with connect_serving(postgres.publisher_uri, application_name="siyu night-7") as connection:
        shown = connection.execute(
            "select current_setting('timezone'), current_setting('client_encoding'),"
            " current_setting('application_name')"
        ).fetchone()
    assert shown == ("UTC", "UTF8", "siyu night-7")


# ---- tables ------------------------------------------------------------------------------------------------------


def test_each_type_of_a_manifest_has_its_counterpart(postgres: Database) -> None:
    types = {
        "VARCHAR": "text",
        "BOOLEAN": "boolean",
        "TINYINT": "smallint",
        "SMALLINT": "smallint",
        "INTEGER": "integer",
        "BIGINT": "bigint",
        "DECIMAL(18,2)": "numeric(18,2)",
        "DECIMAL(38,0)": "numeric(38,0)",
        "FLOAT": "double precision",
        "DOUBLE": "double precision",
        "DATE": "date",
        "TIMESTAMP": "timestamp without time zone",
        "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
        "VARCHAR[]": "text[]",
    }
    columns = [column(f"c{number}", type_) for number, type_ in enumerate(types)]
    assert ensure(postgres.publisher_uri, "all_types", columns, ["c0", "c4"])
    assert not ensure(postgres.publisher_uri, "all_types", columns, ["c0", "c4"])
    for schema, persistence in (("marts", "p"), ("marts_candidate", "u")):
        found = rows(postgres.admin_uri, COLUMNS, [f"{schema}.all_types"])
        assert [type_ for _, type_, _, _ in found] == list(types.values())
        assert rows(
            postgres.admin_uri,
            "select relowner::regrole::text, relpersistence from pg_class where oid = %s::regclass",
            [f"{schema}.all_types"],
        ) == [("marts_owner", persistence)]
    required = [
        name for name, _, not_null, _ in rows(postgres.admin_uri, COLUMNS, ["marts.all_types"]) if not_null
    ]
    assert required == ["c0", "c4"]


def test_columns_are_added_and_those_that_left_stay(postgres: Database) -> None:
    first = [column("day", "DATE"), column("gone", "BIGINT")]
    second = [column("day", "DATE"), column("new'\"; drop", "DECIMAL(18,2)")]
    ensure(postgres.publisher_uri, "kpi_daily", first, ["day"])
    assert ensure(postgres.publisher_uri, "kpi_daily", second, ["day"])
    for schema in ("marts", "marts_candidate"):
        found = rows(postgres.admin_uri, COLUMNS, [f"{schema}.kpi_daily"])
        assert [name for name, *_ in found] == ["day", "gone", "new'\"; drop"]


def test_descriptions_become_comments_and_follow_changes(postgres: Database) -> None:
    text = "One row per day; it's 一天一行 $$ \\ 🙂"
    ensure(postgres.publisher_uri, "kpi_daily", [column("day", "DATE", "old")], ["day"], "old")
    assert ensure(postgres.publisher_uri, "kpi_daily", [column("day", "DATE", text)], ["day"], text)
    assert not ensure(postgres.publisher_uri, "kpi_daily", [column("day", "DATE", text)], ["day"], text)
    assert rows(postgres.bi_uri, COLUMNS, ["marts.kpi_daily"]) == [("day", "date", True, text)]
    assert rows(postgres.bi_uri, "select obj_description('marts.kpi_daily'::regclass, 'pg_class')") == [
        (text,)
    ]


@pytest.mark.parametrize(
    ("columns", "key", "said"),
    [
        ([column("day", "DATE"), column("net", "DECIMAL(20,2)")], ["day"], r"net: it is numeric\(18,2\)"),
        ([column("day", "TIMESTAMP"), column("net", "DECIMAL(18,2)")], ["day"], "day: it is date"),
        ([column("day", "DATE"), column("net", "DECIMAL(18,2)")], ["day", "net"], r"primary key is \(day\)"),
        ([column("day", "DATE"), column("blob", "BLOB")], ["day"], "type BLOB has no counterpart"),
        ([column("day", "DATE"), column("x", "text); drop schema marts; --")], ["day"], "has no counterpart"),
        ([column("day", "DATE"), column("n", "DECIMAL(18,2)); drop table x")], ["day"], "has no counterpart"),
        ([column("day", "DATE"), column("n" * 64)], ["day"], "longer than 63 bytes"),
        ([column("day", "DATE")], ["nobody"], "primary key is empty or names"),
        ([column("day", "DATE")], [], "primary key is empty or names"),
    ],
)
def test_a_change_that_would_break_readers_is_refused(
    postgres: Database, columns: list[dict[str, str]], key: list[str], said: str
) -> None:
    ensure(
        postgres.publisher_uri, "kpi_daily", [column("day", "DATE"), column("net", "DECIMAL(18,2)")], ["day"]
    )
    before = rows(postgres.admin_uri, CATALOGS) + rows(postgres.admin_uri, COLUMNS, ["marts.kpi_daily"])
    with pytest.raises(psycopg.Error, match=said):
        ensure(postgres.publisher_uri, "kpi_daily", columns, key)
    assert before == rows(postgres.admin_uri, CATALOGS) + rows(
        postgres.admin_uri, COLUMNS, ["marts.kpi_daily"]
    )


@pytest.mark.parametrize(
    "name", ["publish_log", "", "a.b", 'x"; drop schema marts', "Großes", "n" * 64, "pg-x"]
)
def test_a_table_may_not_be_called_just_anything(postgres: Database, name: str) -> None:
    with pytest.raises(psycopg.errors.InvalidName):
        ensure(postgres.publisher_uri, name, [column("day", "DATE")], ["day"])


def test_a_column_is_not_added_while_a_reader_is_in_the_way_and_readers_wait_two_seconds_at_most(
    postgres: Database,
) -> None:
    first = [column("day", "DATE")]
    ensure(postgres.publisher_uri, "kpi_daily", first, ["day"])
    with psycopg.connect(postgres.bi_uri) as reader:
        reader.execute("select * from marts.kpi_daily")  # holds its lock until its transaction ends
        with pytest.raises(psycopg.errors.LockNotAvailable):
            ensure(postgres.publisher_uri, "kpi_daily", [*first, column("net", "BIGINT")], ["day"])
        assert not ensure(postgres.publisher_uri, "kpi_daily", first, ["day"])  # no change needs no lock
    assert ensure(postgres.publisher_uri, "kpi_daily", [*first, column("net", "BIGINT")], ["day"])
