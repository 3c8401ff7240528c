"""Counts of calls: how many, how fast at most, and which faults they met."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class _Count:
    arrivals: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)


class Calls:
    """Calls per channel, app and endpoint, in real time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, str], _Count] = {}
        self._since = 0.0

    @staticmethod
    def moment() -> float:
        """When a call comes in, for `add`."""
        return time.monotonic()

    def add(self, channel: str, app: str, endpoint: str, *, arrived: float, fault: str = "") -> None:
        """Count a call; one that came in before the last reset is nobody's any more.

        Args:
            channel: The channel's name.
            app: Who called; empty where nobody was recognised.
            endpoint: What was called.
            arrived: `moment()` when it came in; calls are counted when they are answered, so in another order.
            fault: Kind of the fault it met, if any.
        """
        with self._lock:
            if arrived < self._since:
                return
            count = self._counts.setdefault((channel, app, endpoint), _Count())
            count.arrivals.append(arrived)
            if fault:
                count.faults[fault] += 1

    def listed(self) -> list[dict[str, Any]]:
        """One mapping per channel, app and endpoint, in that order."""
        with self._lock:
            return [
                {
                    "channel": channel,
                    "app": app,
                    "endpoint": endpoint,
                    "calls": len(count.arrivals),
                    "most_in_one_second": most_in_one_second(count.arrivals),
                    "faults": dict(count.faults),
                }
                for (channel, app, endpoint), count in sorted(self._counts.items())
            ]

    def reset(self) -> None:
        """Nothing counted."""
        with self._lock:
            self._counts.clear()
            self._since = self.moment()


def most_in_one_second(arrivals: Iterable[float]) -> int:
    """The most arrivals in any second, wherever it begins; 0 of none."""
    moments = sorted(arrivals)
    first = most = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most
