"""Looking for secrets in everything a home holds: bytes of files, and what their formats compress away."""

import base64
import gzip
import os
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from siyu.engine import connect, quoted
from siyu.settings import Home

PASSWORD = "canary-pg-4be1c0d9"  # noqa: S105 - a canary
ROBOT = "canaryrobot77d0a4e2"
SIGNATURE = "canary-sign-93c5e1f7"
ENVIRONMENT = {
    "AIRFLOW_CONN_POSTGRES_SERVING": f"postgresql://publisher:{PASSWORD}@127.0.0.1:9/marts",
    "SIYU_NOTIFY_URLS": f"json://robot:{ROBOT}@127.0.0.1:9/{SIGNATURE}",
}


def needles_of(home: Home) -> dict[str, bytes]:
    """Each secret in the forms in which it could be written down; keys also as hex, base64 and Python prints them."""
    found = {"PostgreSQL's password": PASSWORD, "the robot's token": ROBOT, "the robot's path": SIGNATURE}
    needles = {name: text.encode() for name, text in found.items()}
    for key in [*home.keys.glob("*.key"), *home.state.glob("*.key")]:
        secret = key.read_bytes()
        needles |= {
            f"{key.name}": secret,
            f"{key.name} as hex": secret.hex().encode(),
            f"{key.name} as base64": base64.b64encode(secret),
            f"{key.name} as Python": repr(secret).encode(),
        }
    return needles


def search(roots: Mapping[str, Path], needles: Mapping[str, bytes]) -> tuple[list[str], set[str]]:
    """Hits as "place: secret", and the kinds of place that were looked at; key files themselves are no place."""
    hits, kinds = [], set()
    for kind, root in roots.items():
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if not file.is_file() or file.suffix == ".key" or file.parent.name == "keys":
                continue
            kinds.add(f"{kind}: {file.suffix or file.name}")
            for content in contents(file):
                hits += [f"{file}: {name}" for name, secret in needles.items() if secret in content]
    return hits, kinds


def contents(file: Path) -> Iterator[bytes]:
    """The bytes of a file, and what its format hides from a look at them."""
    yield os.fsencode(file.name)
    yield (whole := file.read_bytes())
    if whole[:2] == b"\x1f\x8b":
        yield gzip.decompress(whole)
    elif whole[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(file) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif whole[:4] == b"PAR1":
        with connect() as connection:
            yield repr(connection.read_parquet(os.fspath(file)).fetchall()).encode()
    elif whole[8:12] == b"DUCK":
        with connect(file, read_only=True) as connection:
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall():
                yield repr(connection.table(quoted(schema, table)).fetchall()).encode()
    elif whole[:15] == b"SQLite format 3":
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            for (table,) in database.execute(
                "select name from sqlite_master where type = 'table'"
            ).fetchall():
                rows = database.execute("select * from " + quoted(table)).fetchall()  # noqa: S608
                yield repr(rows).encode()
                yield b"\n".join(cell for row in rows for cell in row if isinstance(cell, bytes))
