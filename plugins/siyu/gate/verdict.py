"""What the audit says of one candidate, and where it is written.

Here: the verdict as a value, as JSON. Not here: how it is reached (audit), how it looks (page).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from siyu.publication.seal import sealed
from siyu.settings import Home
from siyu.storage import write_json

VERDICT_FILE = "verdict.json"


class Status(StrEnum):
    """How one check ended.

    `accepted` is a warning that failed and that a person accepted for a while; `raised` means that a check could not
    be carried out, and refuses whatever its severity.
    """

    PASSED = "passed"
    FAILED = "failed"
    ACCEPTED = "accepted"
    RAISED = "raised"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One check of one candidate. `what` holds no value of a row: a person's could be among them."""

    id: str
    model: str  # the model it is about; several are joined by a comma
    severity: str  # critical or warning
    status: Status
    offending_rows: int | None  # rows, keys or files, as the check counts them; None when it raised
    what: str

    @property
    def is_told(self) -> bool:
        """Whether people hear of it: it failed or raised, and nobody has accepted that."""
        return self.status in {Status.FAILED, Status.RAISED}

    @property
    def refuses(self) -> bool:
        """Whether this result alone keeps the candidate from being published."""
        return self.status is Status.RAISED or (self.status is Status.FAILED and self.severity == "critical")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of an audit, bound to the bytes it was reached on by the hash of the candidate's manifest."""

    run_id: str
    passed: bool
    manifest_sha256: str
    checks: tuple[CheckResult, ...]
    seconds: float


def judge(checks: Sequence[CheckResult]) -> bool:
    """Whether a candidate with these results may be published; an audit without checks may not pass."""
    return bool(checks) and not any(check.refuses for check in checks)


def write_verdict(home: Home, folder: Path, verdict: Verdict) -> None:
    """Write `verdict.json` into the candidate's folder, with the seal without which nothing is published."""
    write_json(folder / VERDICT_FILE, sealed(home, asdict(verdict)))
