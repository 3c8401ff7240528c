"""Errors a person reads, and the exit code each one ends a command with.

Here: the base class and its kinds. Not here: formatting for a terminal (cli).
A message never holds a value from a person's data: positions, names of columns and masked samples only.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells its caller."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    ENVIRONMENT = 3
    UNEXPECTED = 4


class SiyuError(Exception):
    """Something a person can act on: what was found, what was expected, what to do."""

    exit_code = ExitCode.UNEXPECTED

    def __init__(self, found: str, *, expected: str = "", do: str = "") -> None:
        self.found = found
        self.expected = expected
        self.do = do
        expectation = f"expected {expected}" if expected else ""
        super().__init__("; ".join(part for part in (found, expectation, do) if part))


class RefusedError(SiyuError):
    """A gate said no: nothing a reader can see has changed."""

    exit_code = ExitCode.REFUSED


class UsageError(SiyuError):
    """What was asked for cannot be done as asked (a bad mapping, an unknown id)."""

    exit_code = ExitCode.USAGE


class SourceError(UsageError):
    """A source file is not what its mapping says. Nothing has been registered."""


class EnvironmentFaultError(SiyuError):
    """The machine is in the way: a lock is held, a disk is full, a file is damaged."""

    exit_code = ExitCode.ENVIRONMENT


class LockedError(EnvironmentFaultError):
    """Another process holds the lock; the message names its pid, run and since when."""


class DamagedFileError(EnvironmentFaultError):
    """Bytes on disk differ from what was registered."""
