"""How often a platform may be called: a file `state/rate-….lock` per limit, shared by all processes of the machine.

Here: waiting until a call may leave. Not here: what a platform says when it is asked too often (channels).

The file holds the moments at which the last calls left, as `time.monotonic` counts: that clock is the machine's, the
same for every process. Whoever wants to call locks the file, waits its turn with the lock held, writes its moment.
Two rules, because calls that leave evenly may arrive in a bunch: no more than the limit in any second and a bit, and
none sooner after the one before than nine tenths of an even share. The bit is what the way to the platform may vary by.
"""

import fcntl
import os
import struct
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from siyu.settings import Home
from siyu.storage import PRIVATE_FILE, make_folder

_WINDOW_SECONDS = 1.02
_EVEN_SHARE = 0.9
_MOMENT = struct.Struct("<d")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Leave to call: when it was given, as `time.monotonic` counts, and how many seconds it was waited for."""

    at: float
    waited_seconds: float


class Rate:
    """A limit that every caller of the same name on this machine shares."""

    def __init__(self, home: Home, name: str, *, per_second: float) -> None:
        """Open the limit called `name`, e.g. an app and an endpoint; whole numbers, or less than one."""
        self._path = _file_of(home, name)
        self._most = max(1, int(per_second))  # calls within the window
        self._window = max(1.0, 1 / per_second) * _WINDOW_SECONDS
        self._apart = _EVEN_SHARE / per_second

    def wait(self) -> Turn:
        """Return when the next call may leave, whoever else calls."""
        began = time.monotonic()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            left = self._read(descriptor)
            earliest = left[-1] + self._apart if left else 0.0
            if len(left) == self._most:
                earliest = max(earliest, left[0] + self._window)
            while (now := time.monotonic()) < earliest:
                time.sleep(earliest - now)
            self._write(descriptor, [*left, now][-self._most :])
            return Turn(at=now, waited_seconds=now - began)
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> list[float]:
        content = os.pread(descriptor, _MOMENT.size * self._most, 0)
        whole = len(content) // _MOMENT.size * _MOMENT.size
        moments = [moment for (moment,) in _MOMENT.iter_unpack(content[:whole])]
        now = time.monotonic()
        return [
            moment for moment in moments if moment <= now
        ]  # a later one is from before the machine started

    def _write(self, descriptor: int, moments: list[float]) -> None:
        content = b"".join(_MOMENT.pack(moment) for moment in moments)
        os.pwrite(descriptor, content, 0)
        os.ftruncate(descriptor, len(content))


def _file_of(home: Home, name: str) -> Path:
    return make_folder(home.state) / f"rate-{sha256(name.encode()).hexdigest()[:16]}.lock"
