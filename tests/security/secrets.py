"""Secrets of everything that a home reaches, and looking for them in everything it holds: bytes of files, and what
their formats compress away.
"""

import base64
import gzip
import os
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from siyu.channels.catalogue import CONNECTORS
from siyu.engine import connect, quoted
from siyu.orchestration.connections import Connection, save_connection
from siyu.settings import Home
from tests.channels.api.platform import Answer, Asked

PASSWORD = "canary-pg-4be1c0d9"  # noqa: S105 - a canary
ROBOT = "canaryrobot77d0a4e2"
SIGNATURE = "canary-sign-93c5e1f7"
COOKIE = "canary-cookie-40f6ab12"
ENVIRONMENT = {
    "AIRFLOW_CONN_POSTGRES_SERVING": f"postgresql://publisher:{PASSWORD}@127.0.0.1:9/marts",
    "SIYU_NOTIFY_URLS": f"json://robot:{ROBOT}@127.0.0.1:9/{SIGNATURE}",
}
# of an account of each platform: what its connection holds, and what the platform gives for it
ACCOUNTS: dict[str, dict[str, str]] = {
    "wecom": {"secret": "canary-wecom-secret-2f1a"},
    "youzan": {
        "client_id": "id-of-the-app",
        "client_secret": "canary-youzan-secret-8c2b",
        "code": "canary-youzan-code-5d7e",
        "refresh_token": "canary-youzan-refresh-b043",
    },
    "taobao": {
        "app_key": "12345678",
        "app_secret": "canary-taobao-secret-61fd",
        "session": "canary-taobao-session-9a3c",
        "refresh_token": "canary-taobao-refresh-e4d2",
    },
    "ocean_engine": {
        "app_id": "42",
        "secret": "canary-ocean-secret-07b9",
        "auth_code": "canary-ocean-code-c58f",
        "refresh_token": "canary-ocean-refresh-d16a",
    },
}
_NO_SECRETS = {"client_id", "app_key", "app_id"}
_SURFACES = {
    "wecom": "wecom",
    "youzan": "mini_program",
    "taobao": "tmall_shop",
    "ocean_engine": "douyin_feed",
}


def _token_of(channel: str) -> dict[str, str]:
    return {
        "access_token": f"canary-{channel}-access-3e70",
        "refresh_token": f"canary-{channel}-next-refresh-a95b",
    }


def refusing(asked: Asked) -> Answer:
    """A platform of every kind: it gives a token, refuses everything else, and repeats all that it was asked."""
    channel = asked.path.split("/")[1]
    if "token" in asked.path:
        token = _token_of(channel) | {
            "expires_in": 7200,
            "refresh_token_expires_in": 86400,
            "re_expires_in": 86400,
        }
        whole = token | {"expires": 4102444800000}
        document: dict[str, object] = {
            "wecom": {"errcode": 0, **token},
            "youzan": {"code": 200, "success": True, "data": whole},
            "taobao": token,
            "ocean_engine": {"code": 0, "data": token},
        }[channel]
        return Answer(document=document, headers={"Set-Cookie": f"JSESSIONID={COOKIE}; Path=/"})
    told = f"refused: {asked.query} {asked.headers} {asked.body}"
    return Answer(
        document={
            "wecom": {"errcode": 48001, "errmsg": told},
            "youzan": {"gw_err_resp": {"err_code": 4204, "err_msg": told}},
            "taobao": {"error_response": {"code": 12, "msg": told, "sub_code": "x", "sub_msg": told}},
            "ocean_engine": {"code": 40002, "message": told, "data": {}},
        }[channel]
    )


def configure_channels(home: Home, url: str, *, unreachable: bool) -> None:
    """An account of each platform at this URL, read by one stream, and perhaps one more where nobody listens; no night
    waits for them.
    """
    channels: dict[str, Any] = {}
    for channel, settings in ACCOUNTS.items():
        save_connection(home, f"{channel}_main", Connection(base_url=f"{url}/{channel}", settings=settings))
        entry = {"name": "7300001", "connection": f"{channel}_main", "surface": _SURFACES[channel]}
        first, *others = CONNECTORS[channel].streams
        streams: dict[str, dict[str, object]] = {stream.name: {"read": False} for stream in others}
        if channel == "ocean_engine":  # ready at ten in the morning, before which nothing would be asked
            streams[first.name] = {"ready_at": "00:00"}
        channels[channel] = {"accounts": [entry], "policy": "publish_without", "streams": streams}
    if unreachable:
        nobody = Connection(base_url="http://127.0.0.1:9", settings=ACCOUNTS["ocean_engine"])
        save_connection(home, "nobody", nobody)
        entry = {"name": "7300002", "connection": "nobody", "surface": "douyin_feed"}
        channels["ocean_engine"]["accounts"].append(entry)
    home.channels_file.write_text(yaml.safe_dump(channels), encoding="utf-8")


def needles_of(home: Home) -> dict[str, bytes]:
    """Each secret in the forms in which it could be written down; keys also as hex, base64 and Python prints them."""
    found = {
        "PostgreSQL's password": PASSWORD,
        "the robot's token": ROBOT,
        "the robot's path": SIGNATURE,
        "a cookie": COOKIE,
    }
    for channel, settings in ACCOUNTS.items():
        secrets = {name: text for name, text in settings.items() if name not in _NO_SECRETS}
        given = {f"given {name}": text for name, text in _token_of(channel).items()}
        found |= {f"{channel}'s {name}": text for name, text in (secrets | given).items()}
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
