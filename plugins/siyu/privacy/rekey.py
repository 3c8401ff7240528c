"""New tokens for everybody, after the key of the tokens has leaked; no member_id changes.

Here: the order of the steps. Not here: what each does (landing.rekeying, publication.rekeying).

First the next key, beside the one that counts: from then on nothing lands and nothing is built. Then every place, each
of which knows what of it is done. Last the next key takes the place of the one before it. So a run that was cut off is
finished by the next one.
"""

import csv
import io
from dataclasses import asdict, dataclass
from pathlib import Path

from siyu.errors import UsageError
from siyu.landing import check_landed, rekey_landed, rekeyed_name
from siyu.landing.personal import Tokenizer, begin_rekeying, finish_rekeying
from siyu.landing.rules import SEEDS
from siyu.privacy.erase import LOCK_NAME, SEEDS_OF_DECISIONS, is_unfinished
from siyu.privacy.half_read import drop_half_read_windows, extractions_held
from siyu.publication import check_crosswalk, check_published, rekey_published
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.state.locks import hold
from siyu.state.sealing import Box
from siyu.state.tokens import seal_tokens_anew
from siyu.storage import written_whole
from siyu.warehouse import prune_warehouses, warehouse_lock

BEGUN, DONE = "rekey", "rekey.done"
_RUN_ID = "rekeying"


@dataclass(frozen=True, kw_only=True)
class Rekeyed:
    """What a re-keying did: counts, and nothing about anybody."""

    tokens: int  # that rows of raw have now
    revised: int  # publications that have a revision now
    given_up: int  # older publications that were damaged: removed
    published: int | None  # what took the place of the publication that stood
    windows: int  # half read, which are read anew
    seeds: tuple[str, ...]  # seeds of decisions that name tokens, written anew: commit them


def rekey(home: Home, settings: Settings, *, by: str, reason: str, seeds: Path = SEEDS) -> Rekeyed:
    """Encrypt every token of a home with one more key: raw, quarantine, vault, publications, and what is served.

    Who has the keys from before it can name nobody in what there is after it. What they have a copy of, and backups
    from before it, they can still read. Warehouses go; the next night builds one.

    Raises:
        UsageError: `by` or `reason` is empty, an erasure was cut off, or the publication that stands was made by a
            version whose crosswalk does not tell every id. Nothing has changed.
        LockedError: Something is extracted, built or published for longer than `lock_wait_seconds`; run it again.
        DamagedFileError: A file is not what was registered or published; the message says what brings it back. Nothing
            has changed.
        EnvironmentFaultError: A key does not open, or a target could not be reached; run it again then.
    """
    with hold(home.state / LOCK_NAME, run_id=_RUN_ID, wait_seconds=settings.lock_wait_seconds):
        if is_unfinished(home):
            raise UsageError(
                "the last erasure was cut off", do="finish it first: siyu erase without requests"
            )
        # half re-keyed, nothing could be landed or built that takes the place of what is damaged
        check_landed(home)
        check_published(home)
        check_crosswalk(home)
        audit_log.record(home, by=by, reason=reason, action=BEGUN, details={})
        keys = begin_rekeying(home)
        with extractions_held(home, settings, run_id=_RUN_ID):
            windows = drop_half_read_windows(home)
            with warehouse_lock(home, settings, run_id=_RUN_ID):
                landed = rekey_landed(home, settings, keys)
                prune_warehouses(home, settings.model_copy(update={"keep_warehouses": 0}))
                published = rekey_published(home, settings, keys.tokenizer, landed)
            rewritten = _rekey_seeds(seeds, keys.tokenizer, landed)
            seal_tokens_anew(home, Box(keys.state_key), Box(keys.next_state_key))
            finish_rekeying(home)
        done = Rekeyed(
            tokens=len(landed),
            revised=published.revised,
            given_up=published.given_up,
            published=published.published,
            windows=windows,
            seeds=rewritten,
        )
        audit_log.record(home, by=by, reason=reason, action=DONE, details=asdict(done))
        return done


def _rekey_seeds(seeds: Path, tokenizer: Tokenizer, landed: frozenset[str]) -> tuple[str, ...]:
    """Write the seeds of decisions that name a token of this home with the one that it has now."""

    def renamed(value: str) -> str:
        new = rekeyed_name(value, tokenizer)
        return new if new.rpartition("|")[2] in landed else value

    rewritten = []
    for name in SEEDS_OF_DECISIONS:
        text = (seeds / name).read_text(encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        told = io.StringIO(newline="")
        csv.writer(told, lineterminator="\n").writerows([renamed(value) for value in row] for row in rows)
        if any(renamed(value) != value for row in rows for value in row):
            with written_whole(seeds / name) as staged:
                staged.write_text(told.getvalue(), encoding="utf-8", newline="")
            rewritten.append(name)
    return tuple(rewritten)
