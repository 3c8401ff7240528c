"""The steps of `ingest_files`: every claimed file through extraction and landing, then a check of what landed."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.errors import EnvironmentFaultError, SiyuError, UsageError
from siyu.landing import LoadRecord, read_records
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.settings import FileSource, Home


def no_files(home: Home) -> UsageError:
    """The error of a night that is given nothing to read."""
    return UsageError(
        "no files are configured",
        expected="pairs of mapping and path",
        do=f"name them in {home.settings_file} under `files:`, or run siyu nightly --mapping M --path P",
    )


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
    step.facts = {"loads": [_facts(record) for record in landed], "unclaimed": unclaimed}
    step.rows = sum(resource.counts.landed for record in landed for resource in record.resources.values())
    if refused:
        first = refused[0]
        others = "".join(f"\nalso: {error}" for error in refused[1:])
        raise type(first)(f"{first}{others}")
    return [record.load_id for record in landed]


def check_loads(home: Home, load_ids: list[str], step: Step) -> None:
    """See that every load is registered and that its rows add up; the counts go to the journal.

    Raises:
        EnvironmentFaultError: A load is not registered, or rows read ≠ elsewhere + landed + unchanged + quarantined.
    """
    records = {record.load_id: record for record in read_records(home)}
    totals: Counter[str] = Counter()
    for load_id in load_ids:
        if load_id not in records:
            raise EnvironmentFaultError(
                f"load {load_id} is not registered",
                expected="its record in raw/loads",
                do="run ingest_files again",
            )
        for name, resource in records[load_id].resources.items():
            counts = resource.counts
            if not counts.is_conserved:
                raise EnvironmentFaultError(
                    f"load {load_id} of {name}: {asdict(counts)} do not add up",
                    expected="read = elsewhere + landed + unchanged + quarantined",
                    do="restore raw/loads from a backup, or land the file into a new home",
                )
            totals.update(
                landed=counts.landed,
                unchanged=counts.unchanged,
                quarantined=counts.quarantined,
                excluded=sum(counts.excluded.values()),
            )
    step.facts = dict(totals)


def _facts(record: LoadRecord) -> dict[str, Any]:
    return {
        "load_id": record.load_id,
        "source": record.source.name,
        "resources": {name: asdict(resource.counts) for name, resource in record.resources.items()},
    }
