"""Audit a candidate: every registered check is carried out on its bytes, and the verdict is written beside them.

Here: which checks there are to run, and that each was. Not here: how a kind of check runs (files, invariants,
suites), nor publishing. A critical check that fails refuses; nothing can override it. A warning that a person
accepted (acceptance) is not told again until the day they named.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace

from siyu.engine import connect
from siyu.errors import UsageError
from siyu.gate.acceptance import Acceptance, accepted_warnings
from siyu.gate.files import FILE_CHECKS
from siyu.gate.invariants import run_invariant
from siyu.gate.page import write_page
from siyu.gate.tables import Tables, last_publication, read_folder, show
from siyu.gate.verdict import VERDICT_FILE, CheckResult, Status, Verdict, judge, write_verdict
from siyu.publication.manifest import MANIFEST
from siyu.settings import Home, load_settings
from siyu.storage import inside, sha256_of

Answer = tuple[
    str, Status, int | None, str
]  # id of the check, status, offending rows, what is to be said besides


def audit_candidate(home: Home, run_id: str) -> Verdict:
    """Audit `candidates/<run_id>` against itself and the last publication, and write its verdict.

    Args:
        home: Where the candidate and the publications are; its settings bound memory and threads.
        run_id: The run that exported the candidate.

    Returns:
        The verdict, also written as `verdict.json` and `verdict.html` into the candidate. An earlier verdict of
        the same candidate is replaced.

    Raises:
        UsageError: There is no such candidate.
    """
    started = time.monotonic()
    folder = inside(home.candidates, run_id)
    if not (folder / MANIFEST).is_file():
        raise UsageError(
            f"run {run_id} has no candidate in {home}", expected=str(folder), do="export it first"
        )
    (folder / VERDICT_FILE).unlink(missing_ok=True)  # an audit that is cut off must not leave an earlier pass
    manifest_sha256 = sha256_of(folder / MANIFEST)
    candidate, previous = read_folder(folder), last_publication(home)
    settings = load_settings(home)
    with connect(settings=settings) as connection:
        tables = show(connection, candidate, previous)
        checks = _complete(_answers(tables), is_first_night=previous is None)
    accepted = accepted_warnings(home, settings)
    checks = tuple(_as_accepted(check, accepted.get(check.id)) for check in checks)
    verdict = Verdict(
        run_id=run_id,
        passed=judge(checks),
        manifest_sha256=manifest_sha256,
        checks=checks,
        seconds=round(time.monotonic() - started, 3),
    )
    write_verdict(home, folder, verdict)
    write_page(folder, verdict)
    return verdict


def _answers(tables: Tables) -> Iterator[Answer]:
    """Carry out every check, the cheap ones first."""
    from expectations import INVARIANTS, MODELS_WITH_A_SUITE

    for check_id, check_files in FILE_CHECKS.items():
        yield (check_id, *check_files(tables))
    for file in sorted(INVARIANTS.glob("*.sql")):
        yield (file.stem, *run_invariant(tables.connection, file.read_text(encoding="utf-8")))

    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read once, when GX is imported
    from siyu.gate.suites import (  # imports GX: ten seconds that only an audit should wait
        run_suites,
        suite_of,
    )

    suites = {model: suite_of(model) for model in MODELS_WITH_A_SUITE}
    yield from run_suites(tables, suites)


def _complete(answers: Iterator[Answer], *, is_first_night: bool) -> tuple[CheckResult, ...]:
    """Answers as results in the registry's order.

    A registered check without an answer, with two, or an answer that no registered check asked for has raised:
    a check that is lost must not look like one that passed.
    """
    from expectations.registry import CHECKS

    by_id: dict[str, list[Answer]] = {}
    for answer in answers:
        by_id.setdefault(answer[0], []).append(answer)
    results = []
    for check in CHECKS.values():
        found = by_id.pop(check.id, [])
        _, status, offending, remark = found[0] if len(found) == 1 else _lost(check.id, len(found))
        if check.compares and is_first_night and status is Status.PASSED:
            remark = "not applicable: nothing has been published yet"
        results.append(
            CheckResult(
                id=check.id,
                model=", ".join(check.models),
                severity=check.severity,
                status=status,
                offending_rows=offending,
                what="; ".join(part for part in (check.protects, remark) if part),
            )
        )
    for stray in by_id:
        _, status, _, remark = _lost(stray, 0)
        results.append(
            CheckResult(
                id=stray or "(no id)",
                model="",
                severity="critical",
                status=status,
                offending_rows=None,
                what="this check is not in expectations/registry.py",
            )
        )
    return tuple(results)


def _as_accepted(check: CheckResult, acceptance: Acceptance | None) -> CheckResult:
    """A warning that failed, as someone accepted it; anything else as it is, whatever was accepted."""
    if acceptance is None or check.severity != "warning" or check.status is not Status.FAILED:
        return check
    said = f"accepted by {acceptance.by} until {acceptance.until}: {acceptance.reason}"
    return replace(check, status=Status.ACCEPTED, what=f"{check.what}; {said}")


def _lost(check_id: str, found: int) -> Answer:
    return check_id, Status.RAISED, None, f"could not run: {found} answers instead of one"
