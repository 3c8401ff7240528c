"""siyu's steps one after another in this process, without Airflow: `python -m siyu.bench.steps HOME SOURCES [STEP …]`.

SOURCES is a JSON list of `{"mapping": …, "path": …}`. Without steps the whole night runs. Standard output gets one JSON
document: seconds by step, in the order they ran.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.clock import utc_now
from siyu.errors import RefusedError
from siyu.gate import audit_candidate
from siyu.publication import export_candidate, publish_candidate
from siyu.settings import FileSource, Home, load_settings
from siyu.warehouse import build_warehouse, read_build

RUN_ID = "bench"


def land_files(home: Home, sources: list[FileSource]) -> None:
    """Land every file that the mappings claim; one that has landed is not read again."""
    settings, landed_at = load_settings(home), utc_now()
    for source in sources:
        mapping = load_mapping(source.mapping)
        for mapping_source, file in claim_files(mapping, source.path).claimed:
            land_file(mapping, mapping_source, file, settings, home, landed_at=landed_at)


def _audit(home: Home) -> None:
    verdict = audit_candidate(home, RUN_ID)
    if not verdict.passed:
        raise RefusedError(
            "the audit refused the night of the bench", do=f"look at {home.candidates / RUN_ID}"
        )


STEPS: dict[str, Callable[[Home, list[FileSource]], object]] = {
    "land": land_files,
    "build": lambda home, _: build_warehouse(home, load_settings(home), run_id=RUN_ID),
    "export": lambda home, _: export_candidate(home, read_build(home, RUN_ID)),
    "audit": lambda home, _: _audit(home),
    "publish": lambda home, _: publish_candidate(home, load_settings(home), RUN_ID),
}


def run_steps(home: Home, sources: list[FileSource], names: list[str]) -> dict[str, float]:
    """Seconds of each step, in the order given."""
    seconds = {}
    for name in names:
        started = time.monotonic()
        STEPS[name](home, sources)
        seconds[name] = round(time.monotonic() - started, 2)
    return seconds


if __name__ == "__main__":
    asked = [FileSource(**pair) for pair in json.loads(sys.argv[2])]
    json.dump(run_steps(Home(Path(sys.argv[1])), asked, sys.argv[3:] or list(STEPS)), sys.stdout)
