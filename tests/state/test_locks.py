"""The lock: one holder, who is named, and whose death frees it."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from siyu.errors import LockedError
from siyu.state.locks import hold

HOLDER = """
import sys, time
from pathlib import Path
from siyu.state.locks import hold
with hold(Path(sys.argv[1]), run_id="night-7", wait_seconds=0):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def started_holder(lock: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_caller_is_told_pid_run_and_since_when(tmp_path: Path) -> None:
    holder = started_holder(tmp_path / "a.lock", 60)
    try:
        with (
            pytest.raises(
                LockedError,
                match=rf"a.lock is held by process {holder.pid} \(run night-7, since 2\d\d\d-.*\+00:00\)",
            ),
            hold(tmp_path / "a.lock", run_id="other", wait_seconds=0.2),
        ):
            pass
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.parametrize("signs", [True, False])
def test_a_holder_that_has_not_signed_yet_is_not_named_or_not_waited_for(tmp_path: Path, signs: bool) -> None:
    lock = tmp_path / "a.lock"
    with lock.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def sign_or_let_go() -> None:
            if signs:
                file.write('{"pid": 7, "run": "night-7", "since": "2026-11-20T00:00:00+00:00"}')
                file.flush()
            else:
                fcntl.flock(file, fcntl.LOCK_UN)

        threading.Timer(0.3, sign_or_let_go).start()
        if signs:
            with (
                pytest.raises(LockedError, match=r"process 7 \(run night-7"),
                hold(lock, run_id="other", wait_seconds=0),
            ):
                pass
        else:
            with hold(lock, run_id="other", wait_seconds=0) as own:
                assert own.run == "other"


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    holder = started_holder(tmp_path / "a.lock", 60)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with hold(tmp_path / "a.lock", run_id="next", wait_seconds=0) as own:
        assert (own.pid, own.run) == (os.getpid(), "next")


def test_a_caller_waits_for_the_lock_rather_than_failing(tmp_path: Path) -> None:
    holder = started_holder(tmp_path / "a.lock", 0.5)
    with hold(tmp_path / "a.lock", run_id="next", wait_seconds=60):
        assert holder.wait(timeout=60) == 0


def test_two_threads_are_never_inside_at_once(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with hold(tmp_path / "deep" / "a.lock", run_id="thread", wait_seconds=60):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_an_error_inside_frees_the_lock_and_the_file_is_private(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with pytest.raises(ValueError, match="inside"), hold(lock, run_id="one", wait_seconds=0):
        raise ValueError("inside")
    with hold(lock, run_id="two", wait_seconds=0):
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
