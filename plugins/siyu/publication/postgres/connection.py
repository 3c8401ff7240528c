"""How siyu finds and reaches the PostgreSQL that serves the marts.

Here: the address, a name for it without secrets, opening a session. Not here: what is done in the session.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from siyu.errors import EnvironmentFaultError, UsageError
from siyu.publication.postgres import VARIABLE, uri_file
from siyu.settings import Home

CONNECT_SECONDS = 10

# what libpq says, and what siyu says instead: libpq's own text may quote the URI
_REASONS = {
    "password authentication failed": "user or password is refused",
    "no password supplied": "a password is missing",
    "no pg_hba.conf entry": "the server lets nobody in from here",
    "Connection refused": "nothing listens there",
    "resolve host": "the host name is unknown",
    "translate host name": "the host name is unknown",
    "timeout expired": f"no answer within {CONNECT_SECONDS} s",
    "does not exist": "no such user or database",
    "starting up": "it is starting up",
    "shutting down": "it is shutting down",
    "too many clients": "it has no free connection",
}


def serving_uri(home: Home) -> str | None:
    """The URI of connection `postgres_serving`: the environment's, else the home's; None when not configured.

    Raises:
        UsageError: What is configured is no URI of PostgreSQL; the message does not quote it.
    """
    if text := os.environ.get(VARIABLE, "").strip():
        return checked_uri(text, origin=VARIABLE)
    file = uri_file(home)
    if file.exists():
        return checked_uri(file.read_text(encoding="utf-8").strip(), origin=str(file))
    return None


def checked_uri(text: str, *, origin: str) -> str:
    """The text, when libpq can read it as a URI.

    Raises:
        UsageError: It cannot; the message names `origin` and does not quote the text.
    """
    try:
        if text.startswith(("postgresql://", "postgres://")):
            conninfo_to_dict(text)
            return text
    except psycopg.ProgrammingError:  # its text quotes the URI
        pass
    raise UsageError(
        f"{origin} holds no URI of PostgreSQL",
        expected="postgresql://user:password@host:5432/database, with % signs for special characters",
        do="write it so",
    ) from None


def described(uri: str) -> str:
    """`host:port/database`, without user or password: for messages and logs."""
    parts = conninfo_to_dict(uri)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


@contextmanager
def connect_serving(uri: str, *, application_name: str) -> Iterator[psycopg.Connection]:
    """A session in UTC and UTF-8: committed when the block ends well, rolled back when it raises, closed always.

    Raises:
        EnvironmentFaultError: The server cannot be reached or refuses the login. Neither URI nor password is named.
    """
    try:
        options = conninfo_to_dict(uri).get("options") or ""
        connection = psycopg.connect(
            uri,
            application_name=application_name,
            connect_timeout=CONNECT_SECONDS,
            client_encoding="UTF8",
            options=f"{options} -c timezone=UTC".strip(),
        )
    except psycopg.OperationalError as fault:
        kind = ": ".join([type(fault).__name__, *_reason(str(fault))])
        raise EnvironmentFaultError(
            f"PostgreSQL at {described(uri)} cannot be reached ({kind})",
            expected="the server of connection postgres_serving",
            do="siyu doctor",
        ) from None  # libpq's text may quote what it was given
    with connection:
        yield connection


def _reason(words: str) -> list[str]:
    return [reason for found, reason in _REASONS.items() if found in words][:1]
