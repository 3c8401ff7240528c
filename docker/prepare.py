"""Before Airflow starts: databases, roles with the passwords of the secrets, the home and its connection.

Any number of times: a replaced secret takes effect with the next start. Not here: the tables of Airflow (airflow db
migrate), what siyu needs inside its database (siyu.publication.postgres.install).
"""

import os
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from siyu.errors import SiyuError, UsageError
from siyu.publication.postgres.connection import connect_serving, uri_file
from siyu.publication.postgres.install import install
from siyu.settings import Home, find_home
from siyu.storage import written_whole

ROLE_EXISTS = "select exists (select from pg_catalog.pg_roles where rolname = %s)"
DATABASE_EXISTS = "select exists (select from pg_catalog.pg_database where datname = %s)"
CREATE_ROLE = sql.SQL("create role {role} login")
SET_PASSWORD = sql.SQL("alter role {role} password {verifier}")
CREATE_DATABASE = sql.SQL("create database {database} owner {owner} encoding 'UTF8' template template0")
KEEP_OTHERS_OUT = sql.SQL("revoke connect on database {database} from public")
AIRFLOW, SERVING = "airflow", "siyu"


def main() -> None:
    """Prepare the server, then the home."""
    address = os.environ["SIYU_POSTGRES"]
    passwords = {
        name: secret(f"{name}_password")
        for name in ("postgres_admin", "airflow_database", "publisher", "bi_reader")
    }
    administrator = uri("postgres", passwords["postgres_admin"], address)
    with connect_serving(f"{administrator}/postgres", application_name="siyu prepare") as connection:
        connection.commit()
        connection.autocommit = True  # a database cannot be created in a transaction
        prepare_role(connection, AIRFLOW, passwords["airflow_database"])
        prepare_database(connection, AIRFLOW, owner=AIRFLOW)
        prepare_database(connection, SERVING, owner="postgres")
    install(
        f"{administrator}/{SERVING}",
        publisher_password=passwords["publisher"],
        reader_password=passwords["bi_reader"],
    )
    home = find_home().create()
    write_connection(home, f"{uri('publisher', passwords['publisher'], address)}/{SERVING}")
    link_settings(home, Path(os.environ["SIYU_SHOP"]) / "siyu.yml")


def secret(name: str) -> str:
    """The text of a secret, without the line break that an editor may have added.

    Raises:
        UsageError: The file is missing or empty.
    """
    file = Path(os.environ["SIYU_SECRETS"]) / name
    text = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if not text:
        raise UsageError(f"secret {name} is missing or empty", expected="one line", do="make compose-secrets")
    return text


def uri(role: str, password: str, address: str) -> str:
    """The URI of a server, without a database."""
    return f"postgresql://{role}:{quote(password, safe='')}@{address}"


def prepare_role(connection: psycopg.Connection, role: str, password: str) -> None:
    """Make the role where it is missing, and set its password; the server gets a verifier, not the password."""
    name = sql.Identifier(role)
    if not found(connection, ROLE_EXISTS, role):
        connection.execute(CREATE_ROLE.format(role=name))
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(SET_PASSWORD.format(role=name, verifier=sql.Literal(verifier.decode())))


def prepare_database(connection: psycopg.Connection, database: str, *, owner: str) -> None:
    """Make the database where it is missing; only roles with a grant of their own connect to it."""
    name = sql.Identifier(database)
    if not found(connection, DATABASE_EXISTS, database):
        connection.execute(CREATE_DATABASE.format(database=name, owner=sql.Identifier(owner)))
    if database == AIRFLOW:
        connection.execute(KEEP_OTHERS_OUT.format(database=name))


def found(connection: psycopg.Connection, question: str, name: str) -> bool:
    """Whether the question says yes of this name."""
    row = connection.execute(question, (name,)).fetchone()
    return bool(row and row[0])


def write_connection(home: Home, serving: str) -> None:
    """Write connection `postgres_serving` where tasks look for it, readable by its owner alone."""
    with written_whole(uri_file(home)) as staged:
        staged.write_text(f"{serving}\n", encoding="utf-8")


def link_settings(home: Home, settings: Path) -> None:
    """Let the home read the mounted siyu.yml, so that an edit counts from the next task on.

    A siyu.yml that lies in the home itself, of a restored backup for instance, is left alone.
    """
    file = home.settings_file
    if file.is_symlink():
        file.unlink()
    if not file.exists():
        file.symlink_to(settings)


if __name__ == "__main__":
    try:
        main()
    except SiyuError as error:
        sys.stderr.write(f"siyu: {error}\n")
        sys.exit(int(error.exit_code))
