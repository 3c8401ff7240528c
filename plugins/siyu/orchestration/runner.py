"""The process in which nights run, seen from the command that waits for them; dag_runner is what runs in it."""

import json
import select
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from siyu.orchestration.airflow_home import airflow_environment
from siyu.settings import Home
from siyu.storage import make_folder

_FAILED = 1
_POLL_SECONDS = 0.2


class DagRunner:
    """An Airflow of a home's own, started by its first night and used for each that follows; ends with its block."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()  # no-op when it has ended; an interrupted command leaves no night behind
            self._process.communicate()

    def run(self, plan: list[dict[str, object]], log: Path, *, meanwhile: Callable[[], None]) -> int:
        """Run the DAGs of a night, and wait for their end.

        Args:
            plan: DAG runs, as dag_runner reads them.
            log: File that takes all the process says from now on; in the night's folder.
            meanwhile: Called a few times a second, and once after the end.

        Returns:
            0: done; 1: a DAG failed; else the exit code of a process that broke off.
        """
        environment = airflow_environment(self._home, make_folder(self._home.nightly))
        if self._process is None:
            self._process = _started(environment, log)
        night = {"plan": plan, "environment": environment, "log": str(log)}
        with suppress(BrokenPipeError):  # it has ended already, as its answer will show
            print(json.dumps(night), file=self._process.stdin, flush=True)
        while not select.select([self._process.stdout], [], [], _POLL_SECONDS)[0]:
            meanwhile()
        meanwhile()
        answer = next(iter(self._process.stdout or ()), None)
        if answer is None:
            return self._process.wait() or _FAILED
        return 0 if json.loads(answer) else _FAILED


def _started(environment: dict[str, str], log: Path) -> "subprocess.Popen[str]":
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "siyu.orchestration.dag_runner"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            cwd=log.parent,
        )
