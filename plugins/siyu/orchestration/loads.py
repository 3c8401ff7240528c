"""The last step of every `ingest_…` DAG: what it landed is registered, and no row of it is lost."""

from collections import Counter
from dataclasses import asdict

from siyu.errors import EnvironmentFaultError
from siyu.landing import read_records
from siyu.orchestration.journal import Step
from siyu.settings import Home


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
                do="run the DAG that lands it again",
            )
        for name, resource in records[load_id].resources.items():
            counts = resource.counts
            if not counts.is_conserved:
                raise EnvironmentFaultError(
                    f"load {load_id} of {name}: {asdict(counts)} do not add up",
                    expected="read = elsewhere + landed + unchanged + quarantined",
                    do="restore raw/loads from a backup, or land it into a new home",
                )
            totals.update(
                landed=counts.landed,
                unchanged=counts.unchanged,
                quarantined=counts.quarantined,
                excluded=sum(counts.excluded.values()),
            )
    step.facts = dict(totals)
