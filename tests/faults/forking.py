"""Actions of a night, each in a process of its own that starts at once; see nights.py for what they are."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from signal import SIGKILL
from typing import Any

from siyu.settings import PROJECT

AFTER_PUBLISHING = ("enforce_retention", "compact_raw")
_UNTIL_READERS_SEE_IT = ("extract_and_land", "check_ready", "build", "export", "audit", "publish")
STEPS = (*_UNTIL_READERS_SEE_IT, *AFTER_PUBLISHING)
# the same with all that follows a publication; "tell" is what the DAGs call when they end
WHOLE_NIGHT = (*_UNTIL_READERS_SEE_IT, "report", "tell", *AFTER_PUBLISHING)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a process ended: `result` of the action, or the `error` of siyu that ended it, or neither: it was killed."""

    result: Any = None
    error: dict[str, Any] = field(default_factory=dict)  # exit_code and message
    signal: int = 0
    changes: int = 0  # to the disk that it made below the home
    cpu_seconds: float = 0.0

    @property
    def was_killed(self) -> bool:
        return self.signal == SIGKILL

    @property
    def is_done(self) -> bool:
        return not self.signal and not self.error


class Started:
    """A process on its way."""

    def __init__(self, pipe: Path) -> None:
        self._pipe = pipe

    def wait(self) -> Answer:
        """Its answer, once it has ended."""
        with self._pipe.open(encoding="utf-8") as file:
            answer = Answer(**json.load(file))
        self._pipe.unlink()
        return answer


class Nights:
    """The program that forks; ended by `close`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="siyu-nights-"))
        self._numbers = count()
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("SIYU_", "AIRFLOW"))
        }
        environment |= {"AIRFLOW_HOME": str(self._folder / "airflow"), "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nights"],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def start(
        self, action: str, home: Path, *arguments: object, die_before: int | None = None, **named: object
    ) -> Started:
        """Start an action on a home; it dies by SIGKILL before its n-th change to the disk."""
        pipe = self._folder / f"{next(self._numbers)}"
        os.mkfifo(pipe)
        request = {
            "action": action,
            "arguments": [str(home), *(str(one) if isinstance(one, Path) else one for one in arguments)],
            "named": named,
            "die_before": die_before,
            "answer": str(pipe),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Started(pipe)

    def run(
        self, action: str, home: Path, *arguments: object, die_before: int | None = None, **named: object
    ) -> Answer:
        """Start an action and wait for its end."""
        return self.start(action, home, *arguments, die_before=die_before, **named).wait()

    def close(self) -> None:
        """End the program, which ends at the end of its input."""
        self._process.communicate(timeout=60)
        shutil.rmtree(self._folder, ignore_errors=True)
