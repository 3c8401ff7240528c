"""F37, by trial on a real server: what each role may do works, and everything else is denied.

The defaults of a session (read-only, time limit) are switched off first wherever a denial is tried: anybody can do
that, so only a grant that is missing counts.
"""

import json
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from tests.postgres import Database, Server, installed

Figure = Callable[[str, object], None]

WRITABLE = "-c default_transaction_read_only=off -c statement_timeout=0"
DENIED = psycopg.errors.InsufficientPrivilege
COLUMNS = [
    {"name": "brand_code", "type": "VARCHAR", "description": "Brand."},
    {"name": "net_amount", "type": "DECIMAL(18,2)", "description": "Net."},
]

DENIED_TO_BI_READER = {
    # writing
    "insert": "insert into marts.kpi_daily values ('x', 1)",
    "update": "update marts.kpi_daily set net_amount = 0",
    "delete": "delete from marts.kpi_daily",
    "merge": "merge into marts.kpi_daily k using (values ('b')) v (c) on k.brand_code = v.c when matched then delete",
    "truncate": "truncate marts.kpi_daily",
    "copy in": "copy marts.kpi_daily from stdin",
    "forge a publication": "insert into marts.publish_log values (99, 'r', '2026-11-20', '2026-11-20', null)",
    "lock against writers": "do $$ begin lock table marts.kpi_daily in share mode; end $$",
    "lock rows": "select * from marts.kpi_daily for update",
    "large object": "select lo_create(0)",
    "large object from bytes": "select lo_from_bytea(0, 'x')",
    # shaping
    "create table in marts": "create table marts.own (x int)",
    "create table in public": "create table public.own (x int)",
    "create temporary table": "create temporary table own (x int)",
    "create view in marts": "create view marts.own as select 1 as x",
    "create function in marts": "create function marts.own() returns int language sql return 1",
    "create schema": "create schema own",
    "create database": "create database own",
    "create extension": "create extension file_fdw",
    "add a column": "alter table marts.kpi_daily add column x int",
    "rename": "alter table marts.kpi_daily rename to other",
    "take ownership": "alter table marts.kpi_daily owner to bi_reader",
    "drop table": "drop table marts.kpi_daily",
    "drop schema": "drop schema marts cascade",
    "create index": "create index on marts.kpi_daily (net_amount)",
    "create trigger": "create trigger t before insert on marts.kpi_daily execute function"
    " suppress_redundant_updates_trigger()",
    "comment": "comment on table marts.kpi_daily is 'x'",
    # other places
    "read the candidate": "select * from marts_candidate.kpi_daily",
    "read restricted": "select * from restricted.crosswalk",
    "call ensure_table": "select publishing.ensure_table('own', '[]', array['x'], '')",
    "call any function of publishing": "select publishing.type_of('VARCHAR')",
    "read password verifiers": "select * from pg_authid",
    "read a server file": "select pg_read_file('postgresql.conf')",
    "list server files": "select pg_ls_dir('.')",
    "import a server file": "select lo_import('/etc/passwd')",
    "copy to a server file": "copy marts.kpi_daily to '/tmp/own'",
    "copy from a server file": "copy marts.kpi_daily from '/etc/passwd'",
    "copy to a program": "copy (select 1) to program 'cat'",
    "copy from a program": "copy marts.kpi_daily from program 'id'",
    # other powers
    "become publisher": "set role publisher",
    "become owner": "set role marts_owner",
    "become superuser": "set session authorization postgres",
    "create a role": "create role own",
    "drop a role": "drop role publisher",
    "change another's password": "alter role publisher password 'own'",
    "change another's defaults": "alter role publisher set statement_timeout = '1s'",
    "change its rights": "alter role bi_reader createrole",
    "change the owner's default grants": "alter default privileges for role marts_owner"
    " grant all on tables to bi_reader",
    "grant to others": "grant usage on schema publishing to public",
    "join a role": "grant marts_owner to bi_reader",
    "read all data": "grant pg_read_all_data to bi_reader",
    "change the database": "alter database postgres set statement_timeout = '1s'",
    "change the server": "alter system set log_statement = 'all'",
    "hide from the log": "set log_statement = 'none'",
    "reload the server": "select pg_reload_conf()",
    "end another's session": "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'publisher'",
    "hold up the publisher": "select pg_advisory_lock(1)",
    "hold up the publisher's transaction": "select pg_advisory_xact_lock_shared(1, 2)",
}

ALLOWED_TO_BI_READER = [
    "select * from marts.kpi_daily",
    "select max(publication_id) from marts.publish_log",
    "select k.brand_code, sum(net_amount) from marts.kpi_daily k cross join marts.publish_log group by 1",
    "with k as materialized (select * from marts.kpi_daily) select count(*) over () from k",
    "explain select * from marts.kpi_daily",
    "declare c cursor for select * from marts.kpi_daily",
    "set time zone 'Asia/Shanghai'",
    "select table_name from information_schema.tables where table_schema = 'marts'",
    "select obj_description('marts.kpi_daily'::regclass)",
    "set transaction isolation level repeatable read",
]

DENIED_TO_PUBLISHER = {
    "drop table": "drop table marts.kpi_daily",
    "truncate": "truncate marts.kpi_daily",
    "truncate restricted": "truncate restricted.crosswalk",
    "truncate the log": "truncate marts.publish_log",
    "rewrite the log": "update marts.publish_log set run_id = 'x'",
    "shorten the log": "delete from marts.publish_log",
    "add a column": "alter table marts.kpi_daily add column x int",
    "drop a column": "alter table marts.kpi_daily drop column net_amount",
    "rename": "alter table marts.kpi_daily rename to other",
    "move": "alter table marts.kpi_daily set schema public",
    "take ownership": "alter table marts.kpi_daily owner to publisher",
    "drop the candidate": "drop table marts_candidate.kpi_daily",
    "create table in marts": "create table marts.own (x int)",
    "create table in restricted": "create table restricted.own (x int)",
    "create table in marts_candidate": "create table marts_candidate.own (x int)",
    "create table in public": "create table public.own (x int)",
    "create temporary table": "create temporary table own (x int)",
    "create schema": "create schema own",
    "create database": "create database own",
    "create index": "create index on marts.kpi_daily (net_amount)",
    "create trigger": "create trigger t before insert on marts.kpi_daily execute function"
    " suppress_redundant_updates_trigger()",
    "silence triggers": "alter table marts.kpi_daily disable trigger all",
    "comment": "comment on table marts.kpi_daily is 'x'",
    "drop schema": "drop schema marts cascade",
    "drop function": "drop function publishing.type_of",
    "replace function": "create or replace function publishing.type_of(t text) returns text language sql return t",
    "create a role": "create role own",
    "drop a role": "drop role bi_reader",
    "alter a role": "alter role bi_reader password 'own'",
    "join a role": "grant marts_owner to publisher",
    "become owner": "set role marts_owner",
    "grant": "grant usage on schema pg_toast to bi_reader",
    "change default grants": "alter default privileges for role marts_owner grant all on tables to public",
    "read a server file": "select pg_read_file('postgresql.conf')",
    "copy to a program": "copy (select 1) to program 'cat'",
    "copy to a server file": "copy marts.kpi_daily to '/tmp/own'",
    "large object": "select lo_create(0)",
    "change the server": "alter system set fsync = off",
}

ALLOWED_TO_PUBLISHER = [
    "truncate marts_candidate.kpi_daily",
    "insert into marts_candidate.kpi_daily values ('a', 1.5)",
    "insert into marts.kpi_daily select * from marts_candidate.kpi_daily on conflict do nothing",
    "update marts.kpi_daily set net_amount = 2 where brand_code = 'a'",
    "delete from marts.kpi_daily where brand_code = 'a'",
    "insert into restricted.crosswalk values ('t')",
    "delete from restricted.crosswalk",
    "insert into marts.publish_log values (7, 'r', '2026-11-20', '2026-11-20', null)",
    "select pg_advisory_xact_lock(1)",
]


@pytest.fixture
def served(postgres: Database) -> Database:
    """A database with a published mart of one row, and a table in schema restricted."""
    make_mart(postgres, "kpi_daily")
    with psycopg.connect(postgres.publisher_uri) as publisher:
        publisher.execute("insert into marts.kpi_daily values ('brand', 12.50)")
    with psycopg.connect(postgres.admin_uri) as admin:
        admin.execute("set role marts_owner")
        admin.execute("create table restricted.crosswalk (token text primary key)")
    return postgres


def make_mart(database: Database, name: str) -> None:
    with psycopg.connect(database.publisher_uri) as publisher:
        publisher.execute(
            "select publishing.ensure_table(%s, %s, %s, %s)",
            [name, json.dumps(COLUMNS), ["brand_code"], "One row per brand."],
        )


def not_denied(uri: str, attempts: dict[str, str]) -> dict[str, str]:
    """The attempts that did not fail for want of a privilege, with what happened instead."""
    found = {}
    with psycopg.connect(uri, options=WRITABLE, autocommit=True) as connection:
        for name, statement in attempts.items():
            try:
                connection.execute(statement)
                found[name] = "done"
            except DENIED:
                continue
            except psycopg.Error as other:
                found[name] = repr(other)
    return found


def marts(database: Database) -> list[tuple[object, ...]]:
    """The rows of the mart and who may do what with which table."""
    with psycopg.connect(database.admin_uri) as admin:
        rows = admin.execute("select * from marts.kpi_daily").fetchall()
        return (
            rows
            + admin.execute("select oid::regclass::text, relacl::text from pg_class order by 1").fetchall()
        )


@pytest.mark.guarantee("F37")
def test_f37_bi_reader_is_denied_everything_but_reading_marts(served: Database, figure: Figure) -> None:
    before = marts(served)
    with psycopg.connect(served.publisher_uri):  # a session of the publisher, to be ended
        found = not_denied(served.bi_uri, DENIED_TO_BI_READER)
    assert found == {}
    assert len(DENIED_TO_BI_READER) >= 40
    assert marts(served) == before
    figure("things tried as bi_reader", len(DENIED_TO_BI_READER))
    figure("not denied to bi_reader", len(found))


@pytest.mark.guarantee("F37")
def test_f37_what_bi_reader_may_do_works(served: Database, figure: Figure) -> None:
    with psycopg.connect(served.bi_uri) as reader:
        for statement in ALLOWED_TO_BI_READER:
            reader.execute(statement)
            reader.rollback()
        with reader.cursor().copy("copy (select * from marts.kpi_daily) to stdout") as out:
            assert b"".join(out) == b"brand\t12.50\n"
    figure("things that work as bi_reader", len(ALLOWED_TO_BI_READER) + 1)


@pytest.mark.guarantee("F37")
def test_f37_a_session_of_bi_reader_is_read_only_and_limited_in_time(served: Database) -> None:
    with psycopg.connect(served.bi_uri, autocommit=True) as reader:
        shown = reader.execute(
            "select current_setting('default_transaction_read_only'), current_setting('statement_timeout')"
        ).fetchone()
        assert shown == ("on", "5min")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("insert into marts.kpi_daily values ('x', 1)")


@pytest.mark.guarantee("F37")
def test_f37_a_reader_who_changes_its_own_defaults_still_cannot_write_and_installing_puts_them_back(
    served: Database,
) -> None:
    try:
        # PostgreSQL lets every role do this to itself
        with psycopg.connect(served.bi_uri, options=WRITABLE) as reader:
            reader.execute("alter role bi_reader set default_transaction_read_only = off")
            reader.execute("alter role bi_reader set statement_timeout = 0")
        with psycopg.connect(served.bi_uri) as reader:
            assert reader.execute("show default_transaction_read_only").fetchone() == ("off",)
            with pytest.raises(DENIED):
                reader.execute("insert into marts.kpi_daily values ('x', 1)")
    finally:
        installed(served)
    with psycopg.connect(served.bi_uri) as reader:
        assert reader.execute("show default_transaction_read_only").fetchone() == ("on",)
        assert reader.execute("show statement_timeout").fetchone() == ("5min",)


@pytest.mark.guarantee("F37")
def test_f37_publisher_owns_nothing_and_cannot_change_the_shape_of_marts(
    served: Database, figure: Figure
) -> None:
    with psycopg.connect(served.admin_uri) as admin:
        owned = admin.execute(
            "select count(*) from pg_shdepend where refobjid = 'publisher'::regrole and deptype = 'o'"
        ).fetchone()
    assert owned == (0,)
    before = marts(served)
    found = not_denied(served.publisher_uri, DENIED_TO_PUBLISHER)
    assert found == {}
    assert marts(served) == before
    figure("things tried as publisher", len(DENIED_TO_PUBLISHER))
    figure("not denied to publisher", len(found))


@pytest.mark.guarantee("F37")
def test_f37_what_publisher_may_do_works(served: Database, figure: Figure) -> None:
    with psycopg.connect(served.publisher_uri) as publisher:
        for statement in ALLOWED_TO_PUBLISHER:
            publisher.execute(statement)
    figure("things that work as publisher", len(ALLOWED_TO_PUBLISHER))


@pytest.mark.guarantee("F37")
def test_f37_a_table_made_after_installing_is_readable_at_once_and_its_candidate_is_not(
    served: Database,
) -> None:
    make_mart(served, "made_later")
    with psycopg.connect(served.bi_uri) as reader:
        assert reader.execute("select * from marts.made_later").fetchall() == []
    assert (
        not_denied(
            served.bi_uri,
            {
                "candidate": "select * from marts_candidate.made_later",
                "write": "insert into marts.made_later values ('x', 1)",
            },
        )
        == {}
    )


@pytest.mark.guarantee("F37")
def test_f37_marts_owner_cannot_log_in(served: Database, postgres_server: Server) -> None:
    with psycopg.connect(served.admin_uri, autocommit=True) as admin:
        admin.execute("alter role marts_owner password 'pw-of-owner'")
    uri = postgres_server.uri("publisher", served.name).replace(
        "publisher:pw%20of%2Fpublisher", "marts_owner:pw-of-owner"
    )
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(uri)


@pytest.mark.guarantee("F37")
def test_f37_a_colleague_who_inherits_bi_reader_reads_marts_and_nothing_else(
    served: Database, postgres_server: Server
) -> None:
    name = sql.Identifier(f"colleague_{served.name}")
    with psycopg.connect(served.admin_uri, autocommit=True) as admin:
        admin.execute(sql.SQL("create role {} login password 'pw-li' in role bi_reader").format(name))
        try:
            uri = f"postgresql://colleague_{served.name}:pw-li@127.0.0.1:{postgres_server.port}/{served.name}"
            with psycopg.connect(uri) as colleague:
                assert colleague.execute("select brand_code from marts.kpi_daily").fetchall() == [("brand",)]
            attempts = {
                what: statement
                for what, statement in DENIED_TO_BI_READER.items()
                if "bi_reader" not in statement
            }
            with psycopg.connect(served.publisher_uri):
                assert not_denied(uri, attempts) == {}
        finally:
            admin.execute(sql.SQL("drop role {}").format(name))
