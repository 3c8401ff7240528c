"""Tokens of Ocean Engine (contract page ads, section 1, "Token", OE-1696710505596940)."""

import hashlib
import itertools
import threading
from dataclasses import dataclass, replace

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.ocean_engine.errors import refuse

CODE_SECONDS = 600
ACCESS_SECONDS = 86400
REFRESH_SECONDS = 30 * 86400


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two tokens of one consent, both secrets of the sandbox; times by Clock.elapsed."""

    app_id: str
    access: str
    refresh: str
    access_expires: float
    refresh_expires: float


class Consents:
    """Codes and token pairs. A refresh kills both old tokens, and nothing brings them back.

    Args:
        clock: Ages them.
        apps: Each holds at the start the code that its `grants` name, which waits until it is used.
        seed: What the made-up texts follow from.
    """

    def __init__(self, clock: Clock, apps: tuple[App, ...], *, seed: str) -> None:
        self._clock = clock
        self._apps = apps
        self._seed = seed
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Back to the codes of the start, with no token out."""
        with self._lock:
            self._numbers = itertools.count(1)
            self._codes = {app.grants["auth_code"]: (app.app_id, float("inf")) for app in self._apps}
            self._pairs: dict[str, Pair] = {}  # by refresh token

    def consent(self, app_id: str) -> str:
        """A code, as the consent page hands it out: for ten minutes, for one use."""
        with self._lock:
            code = self._word("code")
            self._codes[code] = (app_id, self._clock.elapsed() + CODE_SECONDS)
        return code

    def redeem(self, app_id: str, code: str) -> Pair:
        """The first pair of a consent."""
        with self._lock:
            owner, expires = self._codes.pop(code, ("", 0.0))
            if owner != app_id or self._clock.elapsed() >= expires:
                refuse(40107, "auth_code is invalid, expired or used")
            return self._paired(app_id)

    def refresh(self, app_id: str, refresh_token: str) -> Pair:
        """A new pair for a refresh token, which is worth nothing afterwards."""
        with self._lock:
            pair = self._pairs.get(refresh_token)
            if pair is None or pair.app_id != app_id:
                refuse(40107, "refresh_token is invalid")
            if self._clock.elapsed() >= pair.refresh_expires:
                refuse(40103, "refresh_token has expired")
            del self._pairs[refresh_token]
            return self._paired(app_id)

    def holder(self, access_token: str) -> str:
        """App id that a living access token was given to."""
        with self._lock:
            pair = next((pair for pair in self._pairs.values() if pair.access == access_token), None)
        if not access_token or pair is None:
            refuse(40104, "access_token is empty or invalid")
        if self._clock.elapsed() >= pair.access_expires:
            refuse(40102, "access_token has expired")
        return pair.app_id

    def expire(self, access_token: str) -> None:
        """Let an access token be expired; its refresh token lives on."""
        with self._lock:
            for text, pair in self._pairs.items():
                if pair.access == access_token:
                    self._pairs[text] = replace(pair, access_expires=0)

    def revoke(self, access_token: str) -> None:
        """Forget the pair of an access token."""
        with self._lock:
            self._pairs = {text: pair for text, pair in self._pairs.items() if pair.access != access_token}

    def _paired(self, app_id: str) -> Pair:
        elapsed = self._clock.elapsed()
        pair = Pair(
            app_id=app_id,
            access=self._word("access"),
            refresh=self._word("refresh"),
            access_expires=elapsed + ACCESS_SECONDS,
            refresh_expires=elapsed + REFRESH_SECONDS,
        )
        self._pairs[pair.refresh] = pair
        return pair

    def _word(self, what: str) -> str:
        return hashlib.sha256(f"{self._seed}|oceanengine|{what}|{next(self._numbers)}".encode()).hexdigest()[
            :40
        ]
