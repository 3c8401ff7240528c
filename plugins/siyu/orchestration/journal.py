"""The journal of a run: one line per finished step, in `runs/<run_id>/steps.jsonl`.

Here: what a step writes about itself and what `siyu nightly` reads back. Not here: Airflow, or the steps.
"""

import json
import os
import resource
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siyu.clock import utc_now
from siyu.errors import ExitCode, SiyuError
from siyu.settings import Home
from siyu.storage import make_folder


@dataclass(kw_only=True)
class Step:
    """What one step says of itself; `facts` holds counts and ids, never a person's data."""

    name: str
    started_at: str | None = None  # ISO 8601, UTC; None in a line that an older siyu wrote
    seconds: float = 0.0
    rows: int | None = None  # that it landed, exported or published; None where it moves none
    bytes: int | None = None  # that it wrote
    peak_memory_bytes: int | None = None  # of its process up to its end; in `siyu nightly` steps share one
    api_calls: int | None = None  # None where the step has no API
    facts: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None


def journal_file(home: Home, run_id: str) -> Path:
    """Where the steps of a run are written."""
    return home.runs / run_id / "steps.jsonl"


@contextmanager
def recorded(home: Home, run_id: str, name: str) -> Iterator[Step]:
    """Run a step and append its line: seconds, facts, and on failure what the error says and its exit code.

    The error is raised again. An unexpected one is recorded by its type and place only: its text may hold values.
    """
    step = Step(name=name, started_at=utc_now().isoformat())
    started = time.monotonic()
    try:
        yield step
    except SiyuError as error:
        step.error = {
            "message": str(error),
            "exit_code": int(error.exit_code),
            "found": error.found,
            "expected": error.expected,
            "do": error.do,
        }
        raise
    except BaseException as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        step.error = {
            "message": f"step {name} failed with {type(error).__name__} at {place}; see the task's log",
            "exit_code": int(ExitCode.UNEXPECTED),
        }
        raise
    finally:
        step.seconds = round(time.monotonic() - started, 3)
        step.peak_memory_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts KiB
        _append(journal_file(home, run_id), step)


def _append(path: Path, step: Step) -> None:
    make_folder(path.parent)
    line = json.dumps(vars(step), ensure_ascii=False, default=str) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read_steps(home: Home, run_id: str) -> list[Step]:
    """The steps recorded so far, in the order they ended; a rerun of a step adds a line. None yet: empty."""
    path = journal_file(home, run_id)
    if not path.exists():
        return []
    return [Step(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
