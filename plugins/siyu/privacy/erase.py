"""Forget persons: everywhere, for good, and with a proof that names nobody.

Here: the order of the steps. Not here: what each does (landing.erasure, publication.erasure).

First the tombstones, all at once: from then on nothing of these persons lands, and every step asks them alone whom it
is about. So a run that was cut off is finished by any later one, of this or another request, and a second run finds
nothing to do.
"""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from siyu.clock import local_date, utc_now
from siyu.errors import DamagedFileError
from siyu.landing import ErasedRows, Tombstones, add_tombstones, erase_landed, read_tombstones
from siyu.landing.rules import SEEDS
from siyu.privacy.half_read import drop_half_read_windows, extractions_held
from siyu.privacy.persons import Request, find_persons
from siyu.publication import Revised, erase_published
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.state.locks import hold
from siyu.warehouse import prune_warehouses, warehouse_lock

BEGUN, DONE = "erase", "erase.done"
LOCK_NAME = "erasure.lock"
_RUN_ID = "erasure"
SEEDS_OF_DECISIONS = ("identity_blocklist.csv", "identity_links.csv", "identity_unlinks.csv")


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What was changed, by place."""

    landed: ErasedRows
    publications: Revised
    windows: int  # half read, which are read anew
    warehouses: int  # removed; the next night builds one


_NOTHING = Swept(
    landed=ErasedRows(),
    publications=Revised(removed=0, kept_without=0, revised=0, given_up=0, published=None),
    windows=0,
    warehouses=0,
)


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """The proof of an erasure: counts, and nothing about anybody."""

    requests: int
    persons: int  # of the requests, those who were found and are forgotten now
    unknown: tuple[int, ...]  # rows of requests about nobody whom this home knows
    swept: Swept
    seeds: tuple[str, ...]  # lines of seeds that still name somebody forgotten, for a person to remove
    backups_end_on: date  # the last day on which a backup made before may still be kept


def erase(home: Home, settings: Settings, requests: Sequence[Request], *, by: str, reason: str) -> Erasure:
    """Forget whom the requests are about: raw, quarantine, vault, warehouses, publications, and what is served.

    Orders and other rows with money stay, without the person. Requests about nobody, or about who is forgotten
    already, change nothing. Without any request every place is searched once more, which finishes what was cut off.

    Raises:
        UsageError: `by` or `reason` is empty.
        LockedError: Something is extracted, built or published for longer than `lock_wait_seconds`. Nothing of these
            persons lands any more; run it again.
        DamagedFileError: A file cannot be searched; the message says what brings it back. The rest is done; run it
            again then.
    """
    with hold(home.state / LOCK_NAME, run_id=_RUN_ID, wait_seconds=settings.lock_wait_seconds):
        persons = find_persons(home, settings, requests)
        found = [person for person in persons if person is not None]
        was_cut_off = is_unfinished(home)
        details = {"requests": len(requests), "persons": len(found)}
        audit_log.record(home, by=by, reason=reason, action=BEGUN, details=details)
        added = add_tombstones(home, [name for person in found for name in person.names])
        swept = _sweep(home, settings) if added or was_cut_off or not requests else _NOTHING
        today = local_date(utc_now(), settings.business_timezone)
        proof = Erasure(
            requests=len(requests),
            persons=len(found),
            unknown=tuple(
                request.row for request, person in zip(requests, persons, strict=True) if person is None
            ),
            swept=swept,
            seeds=_named_in_seeds(read_tombstones(home)),
            backups_end_on=today + timedelta(days=settings.backup_retention_days),
        )
        told = asdict(proof) | {"backups_end_on": proof.backups_end_on.isoformat()}
        audit_log.record(home, by=by, reason=reason, action=DONE, details=told)
        return proof


def _sweep(home: Home, settings: Settings) -> Swept:
    """Take everybody who is forgotten out of every place; a damaged file is told when all others are done."""
    tombstones = read_tombstones(home)
    with extractions_held(home, settings, run_id=_RUN_ID):
        windows = drop_half_read_windows(home)
    damaged: list[DamagedFileError] = []
    landed, publications = _NOTHING.landed, _NOTHING.publications
    with warehouse_lock(home, settings, run_id=_RUN_ID):
        try:
            landed = erase_landed(home, settings, tombstones)
        except DamagedFileError as fault:
            damaged.append(fault)
        warehouses = prune_warehouses(home, settings.model_copy(update={"keep_warehouses": 0}))
        try:
            publications = erase_published(home, settings, tombstones)
        except DamagedFileError as fault:
            damaged.append(fault)
    if damaged:
        raise damaged[0]
    return Swept(landed=landed, publications=publications, windows=windows, warehouses=len(warehouses))


def is_unfinished(home: Home) -> bool:
    """Whether the last erasure was cut off: its persons land no more, and may still be somewhere."""
    acts = [entry.action for entry in audit_log.entries(home) if entry.action in {BEGUN, DONE}]
    return bool(acts) and acts[-1] == BEGUN


def _named_in_seeds(tombstones: Tombstones) -> tuple[str, ...]:
    """Lines of the seeds of decisions on identity that name somebody forgotten: the project's owner removes them."""
    found = []
    for name in SEEDS_OF_DECISIONS:
        with (SEEDS / name).open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if tombstones.among(value.rpartition("|")[2] for value in row):
                    found.append(f"{name} line {number}")
    return tuple(found)
