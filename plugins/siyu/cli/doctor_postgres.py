"""What `siyu doctor` looks at in the PostgreSQL of connection postgres_serving.

Here: one function per finding, over one session. Not here: machine and home (doctor).
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import psycopg

from siyu.cli.doctor import Finding, editing, fault_found, looked_at, mended_by
from siyu.engine import quoted
from siyu.errors import EnvironmentFaultError, SiyuError
from siyu.publication import current_publication
from siyu.publication.manifest import read_manifest
from siyu.publication.postgres import is_configured, uri_file
from siyu.publication.postgres.connection import connect_serving, described, serving_uri
from siyu.publication.postgres.install import OLDEST_SERVER, version
from siyu.publication.postgres.target import SHOWN
from siyu.settings import Home

INSTALL = "siyu postgres install --publisher-password-file FILE --reader-password-file FILE"

_IDENTITY = "select current_user::text"
_INSTALLED = """
select
    array(
        select name from unnest(array['marts', 'restricted', 'marts_candidate', 'publishing']) as wanted (name)
        where to_regnamespace(name) is null
    ),
    obj_description(to_regnamespace('publishing')::oid, 'pg_namespace'),
    to_regprocedure('publishing.ensure_table(text, jsonb, text[], text, text)') is not null
        and has_function_privilege('publishing.ensure_table(text, jsonb, text[], text, text)', 'execute')
"""
_POWERS = """
select
    (
        select count(*) from pg_shdepend
        where refclassid = 'pg_authid'::regclass and refobjid = role.oid and deptype = 'o'
    ),
    array(
        select power from (values
            ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb),
            ('BYPASSRLS', rolbypassrls), ('REPLICATION', rolreplication)
        ) as powers (power, has) where has
        union all
        select 'the role ' || granted.rolname
        from pg_auth_members as membership
        join pg_roles as granted on granted.oid = membership.roleid
        where membership.member = role.oid
    )
from pg_roles as role
where rolname = %s
"""
_DEFAULTS = "select coalesce(rolconfig, '{}') from pg_roles where rolname = 'bi_reader'"
_WANTED_DEFAULTS = {"default_transaction_read_only=on", "statement_timeout=5min"}
_GRANTS = """
select
    name,
    found is not null,
    coalesce(has_table_privilege('bi_reader', found, 'SELECT'), false),
    coalesce(has_table_privilege('bi_reader', found, 'INSERT, UPDATE, DELETE, TRUNCATE'), false)
from (select name, to_regclass(format('marts.%%I', name))::oid as found from unnest(%s::text[]) as wanted (name)) as t
"""


def postgres_findings(home: Home) -> Iterator[Finding]:
    """The findings of PostgreSQL; one that says so where none is configured.

    Where it cannot be reached, is too old or is not installed, what else is wrong cannot be told.
    """
    if not is_configured(home):
        yield Finding(name="postgres", is_ok=True, found="not configured: marts.duckdb alone serves")
        return
    try:
        address = editing(uri_file(home))
        with mended_by(address, expected="a URI of PostgreSQL"):
            uri = serving_uri(home) or ""
        with (
            mended_by(address, expected="a server that answers", advice="or start that server"),
            connect_serving(uri, application_name="siyu doctor") as connection,
        ):
            connection.autocommit = True
            yield Finding(name="postgres", is_ok=True, found=f"{described(uri)} answers")
            for name, check in FOUNDATIONS.items():
                finding = looked_at(name, partial(_asked, check, home, connection))
                yield finding
                if not finding.is_ok:
                    return
            for name, check in CHECKS.items():
                yield looked_at(name, partial(_asked, check, home, connection))
    except SiyuError as fault:
        yield fault_found("postgres", fault)


def server_is_new_enough(_home: Home, connection: psycopg.Connection) -> str:
    """The version that siyu's SQL needs."""
    found = connection.info.server_version // 10_000
    if found < OLDEST_SERVER:
        raise EnvironmentFaultError(
            f"PostgreSQL {found}",
            expected=f"{OLDEST_SERVER} or newer",
            do=f"sudo apt-get install postgresql-{OLDEST_SERVER}  # or a newer one, then pg_upgradecluster",
        )
    return f"PostgreSQL {found}"


def all_is_installed(_home: Home, connection: psycopg.Connection) -> str:
    """Schemas and functions as this siyu makes them."""
    absent, comment, has_function = _row(connection, _INSTALLED)
    if absent or comment != version() or not has_function:
        lacks = f"no schema {', '.join(absent)}" if absent else f"{comment or 'an unknown version'}"
        raise EnvironmentFaultError(lacks, expected=version(), do=INSTALL)
    return str(comment)


def login_is_publisher(home: Home, connection: psycopg.Connection) -> str:
    """siyu publishes with the rights of publisher, not with more."""
    (user,) = _row(connection, _IDENTITY)
    if user != "publisher":
        raise EnvironmentFaultError(
            f"connection postgres_serving logs in as {user}",
            expected="publisher",
            do=f"{editing(uri_file(home))}  # postgresql://publisher:PASSWORD@HOST:5432/DATABASE",
        )
    return "publisher"


def publisher_owns_nothing(_home: Home, connection: psycopg.Connection) -> str:
    """What publisher owned, it could drop."""
    owned, powers = _row(connection, _POWERS, "publisher")
    if owned:
        raise EnvironmentFaultError(
            f"publisher owns {owned} objects",
            expected="none: marts_owner owns all",
            do='psql ADMIN_URI -c "reassign owned by publisher to marts_owner"',
        )
    return _without_powers("publisher", powers)


def reader_only_reads(_home: Home, connection: psycopg.Connection) -> str:
    """bi_reader has no powers and starts read-only and limited in time."""
    _, powers = _row(connection, _POWERS, "bi_reader")
    _without_powers("bi_reader", powers)
    (settings,) = _row(connection, _DEFAULTS)
    if missing := sorted(_WANTED_DEFAULTS - set(settings)):
        raise EnvironmentFaultError(
            f"bi_reader starts without {', '.join(missing)}", expected="both, as installed", do=INSTALL
        )
    return "bi_reader starts read-only, 5 min per statement"


def reader_reads_each_table(home: Home, connection: psycopg.Connection) -> str:
    """Every published table can be read by bi_reader, and no more than read."""
    current = current_publication(home)
    if current is None:
        return "nothing published yet"
    tables = [*read_manifest(current.folder).models, "publish_log"]
    grants = connection.execute(_GRANTS, [tables]).fetchall()
    if absent := [name for name, exists, _, _ in grants if not exists]:
        raise EnvironmentFaultError(
            f"no table marts.{absent[0]}{_more(absent)}",
            expected=f"the tables of publication {current.id}",
            do=_publish_again(home, current.run_id),
        )
    if closed := [name for name, _, reads, _ in grants if not reads]:
        raise EnvironmentFaultError(
            f"bi_reader cannot read marts.{closed[0]}{_more(closed)}", expected="select on each", do=INSTALL
        )
    if written := [name for name, _, _, writes in grants if writes]:
        raise EnvironmentFaultError(
            f"bi_reader may write to marts.{written[0]}{_more(written)}",
            expected="select alone",
            do='psql ADMIN_URI -c "revoke insert, update, delete, truncate on all tables in schema marts'
            ' from public, bi_reader"',
        )
    return f"bi_reader reads {len(tables)} tables"


def same_publication_as_home(home: Home, connection: psycopg.Connection) -> str:
    """PostgreSQL shows the newest publication of this home."""
    current = current_publication(home)
    (shown,) = _row(connection, SHOWN)
    newest = current.id if current else None
    if shown == newest:
        return f"publication {shown}" if shown else "nothing published yet"
    raise EnvironmentFaultError(
        f"PostgreSQL shows {f'publication {shown}' if shown else 'nothing'}",
        expected=f"publication {newest}" if newest else "nothing: this home has not published",
        do=_publish_again(home, current.run_id)
        if current
        else "siyu doctor --home DIR  # the home that publishes there",
    )


FOUNDATIONS: Mapping[str, Callable[[Home, psycopg.Connection], str]] = {
    "postgres version": server_is_new_enough,
    "postgres login": login_is_publisher,
    "postgres installation": all_is_installed,
}
CHECKS: Mapping[str, Callable[[Home, psycopg.Connection], str]] = {
    "postgres publisher": publisher_owns_nothing,
    "postgres reader": reader_only_reads,
    "postgres grants": reader_reads_each_table,
    "postgres publication": same_publication_as_home,
}


def _asked(
    check: Callable[[Home, psycopg.Connection], str], home: Home, connection: psycopg.Connection
) -> str:
    try:
        return check(home, connection)
    except psycopg.Error as fault:
        raise EnvironmentFaultError(
            f"the server did not answer what it was asked ({type(fault).__name__})",
            expected="an installation of siyu",
            do=INSTALL,
        ) from None


def _row(connection: psycopg.Connection, query: str, *parameters: str) -> tuple[Any, ...]:
    found = connection.execute(query, parameters).fetchone()
    if found is None:
        raise psycopg.errors.NoDataFound
    return found


def _without_powers(role: str, powers: list[str]) -> str:
    if powers:
        raise EnvironmentFaultError(
            f"{role} has {', '.join(powers)}",
            expected="no power beyond its grants",
            do=f"psql ADMIN_URI -c {shlex.quote('; '.join(_taking_away(role, power) for power in powers))}",
        )
    return f"{role} owns nothing and has no powers"


def _taking_away(role: str, power: str) -> str:
    granted = power.removeprefix("the role ")
    return (
        f"alter role {role} no{power.lower()}"
        if granted == power
        else f"revoke {quoted(granted)} from {role}"
    )


def _publish_again(home: Home, run_id: str) -> str:
    return f"siyu publish {shlex.quote(run_id)} --home {shlex.quote(str(home))}"


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
