"""A home with everything that a backup must hold, and all that can be said of a home from outside."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb

from siyu.landing import create_raw_views, dismiss, open_quarantine, read_records
from siyu.landing.personal import open_private_key, unseal
from siyu.publication import publication_log, publish_candidate, published_state, rollback, served_id
from siyu.publication.records import current_hold
from siyu.publication.run_log import run_log_rows
from siyu.settings import Home, Settings, save_settings
from siyu.state import audit_log
from siyu.storage import make_folder, write_json
from tests.landing.shop import File, Shop, order
from tests.publication.small_candidates import write_candidate

FIRST = File(name="first.csv", rows=[order("o1"), order("o2")], bad=[{"text": "?"}])
SECOND = File(name="second.csv", rows=[order("o2"), order("o3")], bad=[{"text": "?"}, {"text": "!"}])
THIRD = File(name="third.csv", rows=[order("o4")])


def lived_in(home: Home) -> Home:
    """Two landings, two publications, a rollback with its hold, a dismissed row, settings."""
    shop = Shop(home)
    first = shop.land(FIRST)
    shop.land(SECOND)
    dismiss(home, first.load_id, 3, by="li.na", reason="an empty row")
    for number in (1, 2):
        loads = tuple(record.load_id for record in read_records(home))
        write_candidate(home, f"night{number}", amount=f"{10 + number}.00", load_ids=loads)
        publish_candidate(home, Settings(), f"night{number}")
    rollback(home, Settings(), 1, by="li.na", reason="wrong price list")
    save_settings(home, {"keep_publications": 5})
    write_json(home.state / "published_from.json", {"publication": 2, "inputs": {}})
    make_folder(home.runs / "night1" / "dbt")
    (home.runs / "night1" / "dbt" / "dbt.log").write_text("many lines", encoding="utf-8")
    step = {"name": "publish", "seconds": 1.5, "facts": {}, "error": None}
    (home.runs / "night1" / "steps.jsonl").write_text(json.dumps(step) + "\n", encoding="utf-8")
    return home


def facts(home: Home) -> dict[str, Any]:
    """What someone finds in a home who reads all of it; raw is verified on the way."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        rows = connection.sql("select order_id, _load_id, _source_row from raw.files__orders").fetchall()
    key = open_private_key(home)
    return {
        "state": published_state(home),
        "served": served_id(home),
        "steps": [row.step for row in run_log_rows(home)],
        "log": publication_log(home),
        "hold": current_hold(home),
        "audit": audit_log.entries(home),
        "rows": sorted(rows),
        "loads": read_records(home),
        "open": [(row.source_name, row.source_row) for row in open_quarantine(home)],
        "sealed": {path.name: list(unseal(path, key)) for path in sorted(home.vault.iterdir())},
        "settings": home.settings_file.read_text(encoding="utf-8"),
        "published from": (home.state / "published_from.json").read_text(encoding="utf-8"),
    }


def copied(home: Home, place: Path) -> Home:
    """The same home elsewhere."""
    return Home(Path(shutil.copytree(home.root, place)))


def modes(folder: Path) -> set[str]:
    """The permissions of all folders (d) and files (f) below a folder, itself included."""
    found = [folder, *folder.rglob("*")]
    return {f"{'d' if path.is_dir() else 'f'}{path.stat().st_mode & 0o777:o}" for path in found}
