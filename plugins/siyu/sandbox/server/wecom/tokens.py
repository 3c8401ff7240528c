"""Access tokens: one per app secret, good for two hours, dead as soon as the next one is fetched (WD-91039)."""

import hashlib
import threading
from dataclasses import dataclass, field

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.limits import Limit, Limits
from siyu.sandbox.server.wecom.errors import Refusal

LIFE_SECONDS = 7200
FAILURES = (Limit(calls=2000, seconds=3600, blocked_seconds=3600),)  # then locked for about an hour (CM)


@dataclass
class Tokens:
    """The tokens that have been handed out."""

    apps: tuple[App, ...]
    clock: Clock
    limits: Limits
    _issued: dict[str, tuple[App, float]] = field(default_factory=dict)  # expiry in elapsed seconds, by token
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, corpid: str, secret: str) -> tuple[App, str]:
        """A new token; the one this app had before is no longer valid."""
        corp = [app for app in self.apps if app.app_id == corpid]
        app = next((app for app in corp if app.secret == secret), None)
        if app is None:
            fits = self.limits.take("wecom/gettoken failures", corpid, limits=FAILURES)
            raise Refusal(45009 if not fits else 40001 if corp else 40013)
        with self._lock:
            self._count += 1
            text = f"{app.secret}|{self._count}|{self.clock.elapsed()}"
            token = hashlib.sha512(text.encode()).hexdigest()
            self._forget_those_of(app)
            self._issued[token] = (app, self.clock.elapsed() + LIFE_SECONDS)
        return app, token

    def app_of(self, token: str) -> App:
        """Whose token this is.

        Raises:
            Refusal: 41001 when there is none, 40014 when it is not known (any more), 42001 when it is too old.
        """
        if not token:
            raise Refusal(41001)
        with self._lock:
            app, expires = self._issued.get(token, (None, 0.0))
        if app is None:
            raise Refusal(40014)
        if self.clock.elapsed() >= expires:
            raise Refusal(42001)
        return app

    def revoke(self, app: App) -> None:
        """Invalidate early what this app holds, as the platform may (WD-91039)."""
        with self._lock:
            self._forget_those_of(app)

    def forget(self) -> None:
        """No token is known."""
        with self._lock:
            self._issued.clear()

    def _forget_those_of(self, app: App) -> None:
        self._issued = {token: (owner, at) for token, (owner, at) in self._issued.items() if owner != app}
