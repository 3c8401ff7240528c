"""Pages by number, as the shops' platforms cut them, and the lies about them that a fault may order."""

import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from siyu.sandbox.server.faults import Fault, FaultKind
from siyu.sandbox.server.world import World

T = TypeVar("T")
KEPT_LISTS = 16


class Lists:
    """Lists of ids, each found once for all its pages: while the clock stands still, so does a list.

    Args:
        world: The tables.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[str, Sequence[int]] = {}
        self._lock = threading.Lock()

    def ids(self, sql: str, **values: object) -> Sequence[int]:
        """The single column of a query; the moment it is asked as of is one of the values."""
        key = repr((sql, sorted(values.items())))
        found = self._kept.get(key)
        if found is None:
            found = array("q", (value for row in self._world.rows(sql, **values) for value in row.values()))
            with self._lock:
                self._kept[key] = found
                if len(self._kept) > KEPT_LISTS:
                    del self._kept[next(iter(self._kept))]
        return found


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    Args:
        rows: What stands on it; empty past the end.
        total: Rows of the whole list, as announced.
        has_next: Whether another page is announced.
    """

    rows: Sequence[T]
    total: int
    has_next: bool


def page_of(found: Sequence[T], *, number: int, size: int, fault: Fault | None = None) -> Page[T]:
    """Page `number`, counted from 1, or what the fault makes of it.

    An empty page in the middle is a passing one: whoever asks for it again gets its rows.
    """
    rows = found[(number - 1) * size : number * size]
    total, has_next = len(found), number * size < len(found)
    last = max(-(-len(found) // size), 1)
    match fault.kind if fault else None:
        case FaultKind.TOTAL_CHANGES if fault:
            total += int(fault.options.get("by", 1))
        case FaultKind.EMPTY_PAGE if has_next:
            rows = found[:0]
        case FaultKind.ENDLESS:
            total, has_next = max(total, number * size + 1), True
        case FaultKind.LAST_PAGE_TWICE:
            total += len(found[(last - 1) * size :])
            has_next = number <= last
            if number == last + 1:
                rows = found[(last - 1) * size :]
        case _:
            pass
    return Page(rows=rows, total=total, has_next=has_next)
