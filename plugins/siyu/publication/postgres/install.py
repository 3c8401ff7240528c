"""`siyu postgres install`: schemas, roles and functions in a database, made or brought up to date.

Here: running install.sql, setting the passwords, telling which version of it stands. Not here: tables of marts (load).
"""

import hashlib
from pathlib import Path

import psycopg
from psycopg import sql

from siyu.errors import EnvironmentFaultError, RefusedError, UsageError
from siyu.publication.postgres.connection import connect_serving, described

OLDEST_SERVER = 15
_SCRIPT = Path(__file__).with_name("install.sql")
_SET_PASSWORD = sql.SQL("alter role {role} password {verifier}")
_SET_VERSION = sql.SQL("comment on schema publishing is {version}")


def version() -> str:
    """The version of install.sql, as the comment on schema `publishing` records it."""
    return "siyu " + hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()[:12]


def install(admin_uri: str, *, publisher_password: str, reader_password: str) -> None:
    """Make or update everything siyu needs in the database that `admin_uri` names, in one transaction.

    Any number of times, in any number of databases of a cluster; the roles and their passwords are the cluster's.
    Passwords leave this process as SCRAM verifiers only, so that no log of the server holds them.

    Args:
        admin_uri: A superuser, or a role with CREATEROLE that owns the database.
        publisher_password: Of role `publisher`, which siyu publishes as.
        reader_password: Of role `bi_reader`, which BI tools read as.

    Raises:
        EnvironmentFaultError: The server cannot be reached, is too old, or the role may not do this.
        RefusedError: A schema or role of these names belongs to something else. Nothing has changed.
        UsageError: A password is empty.
    """
    if not publisher_password or not reader_password:
        raise UsageError("a password is empty", expected="one for publisher and one for bi_reader")
    with connect_serving(admin_uri, application_name="siyu install") as connection:
        if connection.info.server_version < OLDEST_SERVER * 10_000:
            raise EnvironmentFaultError(
                f"PostgreSQL at {described(admin_uri)} is version {connection.info.server_version // 10_000}",
                expected=f"version {OLDEST_SERVER} or newer",
                do="upgrade the server",
            )
        try:
            connection.execute(_SCRIPT.read_bytes())
            for role, password in (("publisher", publisher_password), ("bi_reader", reader_password)):
                verifier = connection.pgconn.encrypt_password(
                    password.encode(), role.encode(), b"scram-sha-256"
                )
                connection.execute(
                    _SET_PASSWORD.format(role=sql.Identifier(role), verifier=sql.Literal(verifier.decode()))
                )
            connection.execute(_SET_VERSION.format(version=sql.Literal(version())))
        except (psycopg.errors.DuplicateObject, psycopg.errors.DuplicateSchema) as taken:
            raise RefusedError(
                f"database {described(admin_uri)}: {taken.diag.message_primary}",
                expected="names that siyu made or that are free",
                do=taken.diag.message_hint or "rename it",
            ) from taken
        except psycopg.errors.InsufficientPrivilege as denied:
            raise EnvironmentFaultError(
                f"database {described(admin_uri)}: {denied.diag.message_primary}",
                expected="a superuser, or the database's owner with CREATEROLE",
                do="name such a role in SIYU_POSTGRES_ADMIN",
            ) from denied
