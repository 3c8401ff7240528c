"""The step of `ingest_files`: every claimed file through extraction and landing.

Here too: which files a run reads. No param of a DAG names a path, or who may trigger one could read any file of this
machine: a scheduler's run reads what `siyu.yml` names, `siyu nightly` what its command line does.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.clock import local_date
from siyu.errors import EnvironmentFaultError, SiyuError, UsageError
from siyu.landing import LoadRecord
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.settings import FileSource, Home
from siyu.storage import read_json, written_whole


def no_files(home: Home) -> UsageError:
    """The error of a night that is given nothing to read."""
    return UsageError(
        "no files are configured",
        expected="pairs of mapping and path",
        do=f"name them in {home.settings_file} under `files:`, a channel in {home.channels_file}, "
        "or run siyu nightly --mapping M --path P",
    )


def give_sources(home: Home, run_id: str, sources: Sequence[FileSource]) -> None:
    """Let a run read these pairs of mapping and path instead of the `files` of `siyu.yml`."""
    pairs = [{"mapping": str(source.mapping), "path": str(source.path)} for source in sources]
    with written_whole(_sources_file(home, run_id)) as staged:
        staged.write_text(json.dumps(pairs) + "\n", encoding="utf-8")  # escaped: a path may be no UTF-8


def sources_of(run: Run) -> list[FileSource]:
    """The pairs that the run was given, else the `files` of `siyu.yml`."""
    given = _sources_file(run.home, run.run_id)
    if not given.exists():
        return run.settings.files
    return [FileSource.model_validate(pair) for pair in read_json(given)]


def _sources_file(home: Home, run_id: str) -> Path:
    return home.runs / run_id / "sources.json"


def land_sources(run: Run, sources: list[FileSource], step: Step) -> list[str]:
    """Land each file that a mapping claims; one bad file does not keep the others from landing.

    Returns:
        The load ids, one per claimed file, in the order of the sources.

    Raises:
        UsageError: There is no source, or a mapping is wrong.
        SourceError, RefusedError: At least one file was refused; the message names each. The others have landed.
    """
    if not sources:
        raise no_files(run.home)
    landed: list[LoadRecord] = []
    refused: list[SiyuError] = []
    unclaimed: list[str] = []
    for source in sources:
        mapping = load_mapping(source.mapping)
        claims = claim_files(mapping, source.path)
        unclaimed += [path.name for path in claims.unclaimed]
        for mapping_source, file in claims.claimed:
            try:
                landed.append(
                    land_file(mapping, mapping_source, file, run.settings, run.home, landed_at=run.run_after)
                )
            except EnvironmentFaultError:
                raise
            except SiyuError as error:
                refused.append(error)
    zone = run.settings.business_timezone
    step.facts = {"loads": [_facts(record, zone) for record in landed], "unclaimed": unclaimed}
    step.rows = sum(resource.counts.landed for record in landed for resource in record.resources.values())
    if refused:
        first = refused[0]
        others = "".join(f"\nalso: {error}" for error in refused[1:])
        raise type(first)(f"{first}{others}")
    return [record.load_id for record in landed]


def _facts(record: LoadRecord, timezone: str) -> dict[str, Any]:
    return {
        "load_id": record.load_id,
        "source": record.source.name,
        "resources": {name: asdict(resource.counts) for name, resource in record.resources.items()},
        "newest": {
            name: local_date(resource.newest_at, timezone).isoformat()
            for name, resource in record.resources.items()
            if resource.newest_at
        },
    }
