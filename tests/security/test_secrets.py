"""Secrets (F32): no password, token or key leaves its place, not into logs at debug level and not in a crash."""

import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import psycopg
import pytest

from siyu.publication.postgres.install import install
from siyu.settings import PROJECT, Home
from tests.channels.api.platform import running
from tests.orchestration.small_shop import write_small_shop
from tests.postgres import running_server
from tests.publication.small_candidates import write_candidate
from tests.security.secrets import (
    ACCOUNTS,
    COOKIE,
    ENVIRONMENT,
    PASSWORD,
    ROBOT,
    SIGNATURE,
    configure_channels,
    needles_of,
    refusing,
    search,
)

pytestmark = pytest.mark.guarantee("F32")
Figure = Callable[[str, object], None]
SIYU = str(Path(sys.executable).parent / "siyu")


# how each attempt of the leaky process ends: one that ends otherwise is stale, and searches nothing
ATTEMPTS = {
    "land": None,
    "reach_postgres": "EnvironmentFaultError",
    "publish": "EnvironmentFaultError",
    "publish_refused": "EnvironmentFaultError",
    "finish": None,
    "rollback": "EnvironmentFaultError",
    "status": None,
    "notify": None,
    "lost_night": None,
    "crash": "AssertionError",
    "ingest_wecom": "RefusedError",
    "ingest_youzan": "RefusedError",
    "ingest_taobao": "RefusedError",
    "ingest_ocean_engine": "EnvironmentFaultError",
}
SENT = {channel: f"canary-{channel}-access" for channel in ("wecom", "youzan", "ocean_engine")} | {
    "taobao": ACCOUNTS["taobao"]["session"]
}


def places(home: Home, output: Path) -> dict[str, Path]:
    """Every room of the home, and what processes printed."""
    rooms = {folder.name: folder for folder in sorted(home.root.iterdir()) if folder.name != "keys"}
    return {**rooms, "printed": output}


def run(output: Path, *words: str, more: dict[str, str] | None = None) -> int:
    """Run a command with the canaries in its environment; what it prints goes to a file of `output`."""
    output.mkdir(exist_ok=True)
    number = len(list(output.iterdir()))
    environment = (
        os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(map(str, (PROJECT, PROJECT / "plugins")))}
    )
    with (output / f"{number:02d}.txt").open("wb") as printed:
        return subprocess.run(
            words, stdout=printed, stderr=subprocess.STDOUT, env=environment | (more or {}), check=False
        ).returncode


def test_f32_no_secret_is_written_down_by_a_night_that_fails_in_many_ways(
    home: Home, tmp_path: Path, figure: Figure
) -> None:
    sources, output = tmp_path / "sources", tmp_path / "printed"
    mapping, log = write_small_shop(sources)
    mapping.rename(sources / "mapping.yml")
    log.rename(sources / "exports")
    write_candidate(home, "run")
    write_candidate(home, "refused", passed=False)

    with running(refusing) as platform:
        configure_channels(home, platform.url, unreachable=True)
        leaky = [sys.executable, "-m", "tests.security.leaky_process", str(home.root), str(sources)]
        assert run(output, *leaky) == 0
        asked = repr(platform.asked)
    told = (output / "00.txt").read_text(encoding="utf-8")
    (ended,) = re.findall(r'^\{"land": .*\}$', told, flags=re.MULTILINE)
    assert json.loads(ended) == ATTEMPTS
    assert "cannot be reached" in told
    # the secrets did travel, so a log of what was sent would hold them
    assert [channel for channel, secret in SENT.items() if secret not in asked] == []
    assert COOKIE in asked
    assert "corpsecret=***" in told  # and it was logged
    (home.keys / "postgres_serving").write_text(
        ENVIRONMENT["AIRFLOW_CONN_POSTGRES_SERVING"], encoding="utf-8"
    )
    (home.keys / "notify").write_text(ENVIRONMENT["SIYU_NOTIFY_URLS"], encoding="utf-8")
    wrong = {"AIRFLOW_CONN_POSTGRES_SERVING": f"postgresql://publisher:{PASSWORD}@[::1:x/marts?{PASSWORD}"}
    run(output, SIYU, "status", "--home", str(home.root))
    run(output, SIYU, "publish", "run", "--home", str(home.root), more=wrong)

    needles = needles_of(home)
    hits, kinds = search(places(home, output), needles)
    assert len(needles) >= 15
    assert hits == []
    figure("kinds of place searched, without Airflow", len(kinds))
    figure("secrets found", len(hits))
    assert len(kinds) >= 8


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_f32_no_secret_is_written_down_by_real_nights(tmp_path: Path, figure: Figure) -> None:
    """Two nights at debug level over platforms that refuse, into a real PostgreSQL, the second one with a crash."""
    mapping, log = write_small_shop(tmp_path / "sources")
    home, output = Home(tmp_path / "home").create(), tmp_path / "printed"
    home.nightly.mkdir()
    (home.nightly / "airflow.cfg").write_text(
        "[logging]\nlogging_level = DEBUG\nfab_logging_level = DEBUG\n", encoding="utf-8"
    )
    night = [SIYU, "nightly", "--mapping", str(mapping), "--path", str(log), "--home", str(home.root)]
    with running_server() as server, server.empty_database() as database, running(refusing) as platform:
        install(database.admin_uri, publisher_password=PASSWORD, reader_password="pw-of-bi")  # noqa: S106 - a canary's neighbour
        with psycopg.connect(database.admin_uri) as connection:
            connection.execute("alter role publisher set log_statement = 'all'")
        uri = f"postgresql://publisher:{PASSWORD}@127.0.0.1:{server.port}/{database.name}"
        debug = {
            "AIRFLOW_CONN_POSTGRES_SERVING": uri,
            "DBT_LOG_LEVEL": "debug",
            "PYTHONWARNINGS": "default",
        }
        configure_channels(home, platform.url, unreachable=False)

        assert run(output, *night, more=debug) == 0
        with psycopg.connect(database.admin_uri) as connection:
            published = connection.execute("select max(publication_id) from marts.publish_log").fetchone()
        assert published == (1,)
        asked = repr(platform.asked)
        assert [channel for channel, secret in SENT.items() if secret not in asked] == []
        shutil.rmtree(home.candidates, ignore_errors=True)
        home.candidates.write_text(
            "a file where a folder should be", encoding="utf-8"
        )  # the export will crash
        (log / "more.csv").write_text(
            "order,buyer,sku,units,price,paid\nA9,x,tea,1,5.00,2026-03-23 08:00:00\n", encoding="utf-8"
        )
        assert run(output, *night, more=debug) != 0
        home.candidates.unlink()
        run(output, SIYU, "status", "--home", str(home.root), more=debug)
        (output / "postgres.log").write_bytes(server.log.read_bytes())

    assert any(b"httpcore" in log.read_bytes() for log in home.runs.glob("*/night.log"))
    assert b"COPY" in (output / "postgres.log").read_bytes().upper()
    hits, kinds = search(places(home, output), needles_of(home))
    for needed in ("night.log", ".jsonl", ".log", ".db", ".duckdb", ".parquet", ".json", ".txt", ".sql"):
        assert any(needed.removeprefix("night") in kind for kind in kinds), (needed, kinds)
    assert hits == []
    assert len(kinds) >= 12
    figure("kinds of place searched after real nights", len(kinds))
    figure("secrets found after real nights", len(hits))


def test_f32_the_search_finds_a_secret_in_every_kind_of_place(home: Home, tmp_path: Path) -> None:
    home.keys.mkdir()
    (home.keys / "token.key").write_bytes(os.urandom(32))
    needles = needles_of(home)
    words = {name: secret.decode("latin-1") for name, secret in needles.items()}
    planted = tmp_path / "planted"
    planted.mkdir()
    for number, secret in enumerate(needles.values()):
        (planted / f"{number}.log").write_bytes(b"before " + secret + b" after")
        (planted / f"{number}.gz").write_bytes(gzip.compress(b"before " + secret))
    long = f"{PASSWORD} " * 200  # compressed, so that the bytes of the file alone do not show it
    with duckdb.connect(str(planted / "marts.duckdb")) as marts:
        marts.execute("create schema deep; create table deep.t as select ? as hidden", [long + ROBOT])
        marts.execute("create table listed as select [?] as hidden", [SIGNATURE])
        marts.table("deep.t").write_parquet(str(planted / "t.parquet"), compression="zstd")
    with sqlite3.connect(planted / "state.db") as state:
        state.execute("create table entries (id integer, text text, body blob)")
        state.execute("insert into entries values (1, ?, ?)", (PASSWORD, needles["token.key"]))
    (planted / f"{ROBOT}.txt").touch()

    hits, kinds = search({"planted": planted}, needles)

    assert words
    found = {(Path(hit.rpartition(": ")[0]).suffix, hit.rpartition(": ")[2]) for hit in hits}
    assert {(".log", name) for name in needles} <= found
    assert {(".gz", name) for name in needles} <= found
    assert {(suffix, "PostgreSQL's password") for suffix in (".duckdb", ".parquet", ".db")} <= found
    assert {(".duckdb", "the robot's path"), (".db", "token.key"), (".txt", "the robot's token")} <= found
    assert len(kinds) == 6
