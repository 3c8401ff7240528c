"""Where a killed night publishes and whom it tells, set in its home: each copy of a home has a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from siyu.publication.postgres import uri_file
from siyu.settings import Home
from siyu.storage import make_folder
from tests.postgres import Database, Server, installed


def publish_into(home: Home, database: Database) -> None:
    """Let the nights of this home publish into a database."""
    _keep(uri_file(home), database.publisher_uri)


def tell(home: Home, address: str) -> None:
    """Let the nights of this home tell a robot."""
    _keep(home.keys / "notify", address)


def _keep(file: Path, secret: str) -> None:
    make_folder(file.parent)
    file.write_text(f"{secret}\n", encoding="utf-8")
    file.chmod(0o600)


@contextmanager
def copied(server: Server, original: Database) -> Iterator[Database]:
    """A database as another one is now, with which nobody may be connected; dropped at the end."""
    name = f"copy_{uuid4().hex[:12]}"
    with psycopg.connect(server.uri("postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(original.name)
            )
        )
        try:
            # what is granted on a database itself is not copied
            yield installed(
                Database(
                    name=name,
                    admin_uri=server.uri("postgres", name),
                    publisher_uri=server.uri("publisher", name),
                    bi_uri=server.uri("bi_reader", name),
                )
            )
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
