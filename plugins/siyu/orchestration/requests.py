"""The task of `erase_members`: what lies in `requests/` of a home is done, and the files go.

Here: which files, and what of them is kept. Not here: the erasure (privacy).
"""

from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.privacy import erase, is_unfinished, read_requests
from siyu.report import write_report

BY = "erase_members"


def erase_requested(run: Run, step: Step) -> None:
    """Forget whom the files are about; finish an erasure that was cut off. Neither: nothing is done.

    A file is removed once its requests are done: it names persons. Its name is kept as the reason, so it must not.

    Raises:
        UsageError: A file is no file of requests; none of them has been done.
    """
    files = sorted(run.home.requests.glob("*.csv"))
    if not files and not is_unfinished(run.home):
        step.facts = {"requests": 0}
        return
    requests = [request for file in files for request in read_requests(file)]
    reason = ", ".join(file.name for file in files) or "finish what was cut off"
    proof = erase(run.home, run.settings, requests, by=BY, reason=reason)
    for file in files:
        file.unlink()
    if proof.publications.published:
        write_report(run.home, run.settings)
    step.facts = {"requests": proof.requests, "persons": proof.persons, "unknown": len(proof.unknown)}
    step.rows = proof.landed.removed + proof.landed.kept_without
