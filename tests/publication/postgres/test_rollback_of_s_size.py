"""A rollback of marts of a real size: within a minute both targets show the older rows, without who was forgotten."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg import sql

from siyu.gate import audit_candidate
from siyu.privacy import Request, erase
from siyu.publication import (
    Publication,
    export_candidate,
    publish_candidate,
    published_state,
    resume,
    rollback,
)
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Manifest, read_manifest
from siyu.publication.postgres.checksum import checksum_of_table
from siyu.publication.serving import state_of
from siyu.publication.targets import postgres_state, shown_by_target
from siyu.sandbox import DEFAULT_AS_OF
from siyu.sandbox.order_log import generate_order_log
from siyu.settings import PROJECT, Home, Settings
from siyu.warehouse import build_warehouse
from tests.evidence.direct import land_folder
from tests.postgres import Database
from tests.publication.postgres.tables import configure
from tests.publication.small_candidates import served

MAPPING = PROJECT / "examples" / "mappings" / "generated_order_log.yml"
ORDERS = 50_000
WHO = {"by": "li.na", "reason": "wrong price list"}
BEST_KNOWN = """
select member_id from marts.fct_orders where member_id <> 'unknown'
group by member_id order by count(*) desc, member_id limit 1
"""


def publish_night(home: Home, days_ago: int) -> Publication:
    """The night of a day, built by the real dbt project and passed by the real gate."""
    run_id = f"night_{days_ago}_days_ago"
    day = DEFAULT_AS_OF - timedelta(days=days_ago)
    export_candidate(home, build_warehouse(home, Settings(duckdb_threads=1), run_id=run_id, as_of=day))
    assert audit_candidate(home, run_id).passed
    return publish_candidate(home, Settings(), run_id)


def timed_rollback(home: Home, publication_id: int) -> float:
    """Seconds until both targets show it."""
    started = time.monotonic()
    publication = rollback(home, Settings(), publication_id, **WHO)
    seconds = time.monotonic() - started
    assert publication.restores == publication_id
    assert shown_by_target(home) == {"marts.duckdb": publication.id, "PostgreSQL": publication.id}
    return seconds


def assert_both_show(home: Home, database: Database, manifest: Manifest) -> None:
    """Rows and their checksums, also of what is for named people, are those of a manifest."""
    expected = state_of({name: table.checksum for name, table in manifest.models.items()})
    assert published_state(home) == postgres_state(home) == expected
    with psycopg.connect(database.admin_uri) as admin:
        for name, table in manifest.restricted.items():
            found = checksum_of_table(admin, sql.Identifier("restricted", name), table)
            assert found == table.checksum, name
    with duckdb.connect(str(home.restricted_file), read_only=True) as restricted:
        for name, table in manifest.restricted.items():
            rows = restricted.table(f"restricted.{name}")
            assert checksum_of(rows, table.columns)[1] == table.checksum, name


def named_in_postgres(database: Database, member_id: str) -> list[tuple[Any, ...]]:
    """Which tables that somebody may read name a member."""
    query = sql.SQL("select count(*) from {} as t where strpos(t::text, %s) > 0")
    with psycopg.connect(database.admin_uri) as admin:
        tables = admin.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('marts', 'restricted')"
        ).fetchall()
        return [
            names
            for names in tables
            if admin.execute(query.format(sql.Identifier(*names)), [member_id]).fetchone() != (0,)
        ]


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.guarantee("F7")
def test_f7_a_rollback_of_s_size_takes_a_minute_shows_other_rows_or_somebody_forgotten(
    home: Home,
    postgres: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[[str, object], None],
) -> None:
    configure(monkeypatch, postgres)
    generate_order_log(tmp_path / "log", orders=ORDERS)
    land_folder(home, Settings(), mapping_file=MAPPING, path=tmp_path / "log")
    older, newer = publish_night(home, 1), publish_night(home, 0)
    of_older, of_newer = read_manifest(older.folder), read_manifest(newer.folder)
    assert of_older.models["fct_orders"].rows > ORDERS * 0.9
    assert of_older.content_checksum != of_newer.content_checksum
    assert_both_show(home, postgres, of_newer)

    seconds = timed_rollback(home, older.id)
    assert_both_show(home, postgres, of_older)
    resume(home, Settings(), **WHO)

    [(somebody,)] = served(home, BEST_KNOWN)
    assert len(named_in_postgres(postgres, str(somebody))) >= 3
    proof = erase(home, Settings(), [Request(kind="member_id", value=str(somebody))], **WHO)
    assert (proof.persons, proof.swept.publications.revised) == (1, 3)
    timed_rollback(home, newer.id)
    again = timed_rollback(home, older.id)
    revised = read_manifest(older.folder)
    assert revised.content_checksum != of_older.content_checksum
    assert_both_show(home, postgres, revised)
    assert named_in_postgres(postgres, str(somebody)) == []

    assert max(seconds, again) < 60
    figure("orders", of_older.models["fct_orders"].rows)
    figure("seconds of a rollback in both targets", round(seconds, 1))
    figure("seconds of a rollback after an erasure", round(again, 1))
