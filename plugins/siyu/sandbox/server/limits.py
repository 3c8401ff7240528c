"""Rate limits as the platforms keep them: a count per window, and a block once it is overrun."""

import threading
from dataclasses import dataclass

from siyu.sandbox.server.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many calls in a window that opens with its first call.

    Args:
        calls: Calls the window admits.
        seconds: Length of the window.
        blocked_seconds: How long nothing is admitted after a call too many.
    """

    calls: int
    seconds: float
    blocked_seconds: float = 0


@dataclass
class _Window:
    opened: float
    calls: int = 0
    blocked_until: float = 0


class Limits:
    """What has been used of every limit. The admin endpoint may put other limits in the place of a channel's own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[tuple[object, ...], _Window] = {}
        self._instead: dict[str, tuple[Limit, ...]] = {}

    def take(self, channel: str, *key: object, limits: tuple[Limit, ...]) -> bool:
        """Count one call against the channel's limits; False when one of them is overrun.

        Args:
            channel: The channel whose limits these are.
            key: What each limit is kept for, such as app and endpoint.
            limits: The platform's own, used unless others were set in their place.
        """
        elapsed = self._clock.elapsed()
        with self._lock:
            return all(
                self._fits((channel, *key, number), limit, elapsed)
                for number, limit in enumerate(self._instead.get(channel, limits))
            )

    def _fits(self, key: tuple[object, ...], limit: Limit, elapsed: float) -> bool:
        window = self._windows.get(key)
        if window is None or (elapsed >= window.opened + limit.seconds and elapsed >= window.blocked_until):
            window = self._windows[key] = _Window(opened=elapsed)
        if elapsed < window.blocked_until:
            return False
        window.calls += 1
        if window.calls > limit.calls:
            window.blocked_until = elapsed + limit.blocked_seconds
            return False
        return True

    def put(self, channel: str, limits: tuple[Limit, ...]) -> None:
        """Let these limits hold for a channel in the place of its own."""
        with self._lock:
            self._instead[channel] = limits
            self._windows.clear()

    def reset(self) -> None:
        """The platforms' own limits, nothing used."""
        with self._lock:
            self._instead.clear()
            self._windows.clear()
