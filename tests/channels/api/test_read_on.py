"""Pages are read while what came before is worked on: in order, not without end, and nothing of it stays behind."""

import threading
from collections.abc import Iterator

import pytest

from siyu.channels.api.paging import read_on

_SOON = 10


def test_a_page_is_read_only_when_it_is_wanted() -> None:
    read = threading.Semaphore(0)

    def pages() -> Iterator[int]:
        for number in range(3):
            yield number
            read.release()

    steps = read_on(pages())
    assert next(steps) == 0
    assert all(read.acquire(timeout=_SOON) for _ in range(3))
    assert list(steps) == [1, 2]


def test_all_pages_of_an_endless_platform_are_read_ahead() -> None:
    read: list[int] = []

    def pages() -> Iterator[int]:
        while True:
            read.append(len(read))
            yield read[-1]

    steps = read_on(pages())
    assert [next(steps), next(steps)] == [0, 1]
    steps.close()  # type: ignore[attr-defined]
    assert len(read) < 100
    assert not [one for one in threading.enumerate() if one.name.startswith("ThreadPoolExecutor")]


def test_what_came_before_a_failure_is_lost() -> None:
    def pages() -> Iterator[int]:
        yield from range(5)
        raise ConnectionError

    steps = read_on(pages())
    assert [next(steps) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ConnectionError):
        next(steps)
