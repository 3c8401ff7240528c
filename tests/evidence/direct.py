"""A night without Airflow: the rooms' own functions, one after another, as the DAGs call them."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.gate import Verdict, audit_candidate
from siyu.publication import export_candidate, publish_candidate
from siyu.settings import Home, Settings
from siyu.warehouse import build_warehouse

RUN_ID = "evidence"


def land_folder(home: Home, settings: Settings, *, mapping_file: Path, path: Path) -> list[dict[str, Any]]:
    """Land every file that the mapping claims; per load the counts of each resource, as siyu records them."""
    mapping = load_mapping(mapping_file)
    loads = []
    for source, file in claim_files(mapping, path).claimed:
        record = land_file(mapping, source, file, settings, home)
        loads.append({name: asdict(resource.counts) for name, resource in record.resources.items()})
    return loads


def publish_what_landed(home: Home, settings: Settings, *, as_of: str | None = None) -> Verdict:
    """Build, export, audit and publish; a refusal raises. Without `as_of`, up to the day of the newest order."""
    day = date.fromisoformat(as_of) if as_of else None
    export_candidate(home, build_warehouse(home, settings, run_id=RUN_ID, as_of=day))
    verdict = audit_candidate(home, RUN_ID)
    publish_candidate(home, settings, RUN_ID)
    return verdict
