"""One program that forks the processes of all these tests; it takes seconds to start."""

from collections.abc import Iterator

import pytest

from tests.faults.forking import Nights


@pytest.fixture(scope="session")
def nights() -> Iterator[Nights]:
    """Starts actions of a night in processes of their own."""
    program = Nights()
    try:
        yield program
    finally:
        program.close()
