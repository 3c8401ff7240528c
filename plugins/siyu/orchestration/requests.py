"""The task of `erase_members`: what lies in `requests/` of a home is done, and the files go.

Here: which files, and what of them is kept. Not here: the erasure (privacy).

A file is renamed before it is read, so that another one of its name is another day's. Requests about nobody are kept
for one more day, in `<name>.again.csv`: who came since the last night is known after the next one.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from siyu.errors import UsageError
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.privacy import Request, erase, is_unfinished, read_requests
from siyu.report import write_report
from siyu.storage import PRIVATE_FILE

BY = "erase_members"
_AGAIN = ".again"


def erase_requested(run: Run, step: Step) -> None:
    """Forget whom the files are about; finish an erasure that was cut off. Neither: nothing is done.

    A file is removed once its requests are done: it names persons. Its name is kept as the reason, so it must not.

    Raises:
        UsageError: A file is no file of requests. It has its name again, and those before it are done.
    """
    for file in sorted(run.home.requests.glob("*.csv")):
        file.rename(file.with_name(f".{file.name}.taken"))
    taken = sorted(run.home.requests.glob(".*.csv.taken"))
    totals = {"requests": 0, "persons": 0, "unknown": 0}
    if not taken and is_unfinished(run.home):
        erase(run.home, run.settings, (), by=BY, reason="finish what was cut off")
    for file in taken:
        name = file.name.removeprefix(".").removesuffix(".taken")
        try:
            requests = read_requests(file, name=name)
        except UsageError:
            file.rename(file.with_name(name))
            raise
        proof = erase(run.home, run.settings, requests, by=BY, reason=name)
        unknown = [request for request in requests if request.row in proof.unknown]
        if unknown and not Path(name).stem.endswith(_AGAIN):
            _keep_for_a_day(file.with_name(f"{Path(name).stem}{_AGAIN}.csv"), unknown)
        file.unlink()
        totals["requests"] += proof.requests
        totals["persons"] += proof.persons
        totals["unknown"] += len(unknown)
        if proof.swept.publications.published:
            write_report(run.home, run.settings)
    step.facts = totals


def _keep_for_a_day(path: Path, requests: Sequence[Request]) -> None:
    path.touch(mode=PRIVATE_FILE)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("kind", "value"), *((one.kind, one.value) for one in requests)])
