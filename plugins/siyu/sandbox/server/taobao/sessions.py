"""Sessions of the Taobao open platform: what a shop's consent gave an app (contract page taobao, "Auth")."""

import hashlib
import itertools
import threading
from dataclasses import dataclass

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.clock import Clock

CODE_SECONDS = 600
SESSION_SECONDS = 365 * 86400  # LIFE: an app of the seller's own back office keeps its session for a year


@dataclass(frozen=True, kw_only=True)
class Token:
    """What one consent or refresh handed out. Both texts are secrets of the sandbox."""

    app_key: str
    session: str
    refresh_token: str
    expires: float  # by Clock.elapsed


class Sessions:
    """Codes and sessions. At the start every app holds the session that its `grants` name.

    Args:
        clock: Ages the sessions.
        apps: Who may hold one.
        seed: What the made-up texts follow from.
    """

    def __init__(self, clock: Clock, apps: tuple[App, ...], *, seed: str) -> None:
        self._clock = clock
        self._apps = apps
        self._seed = seed
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Back to the sessions of the start."""
        with self._lock:
            self._numbers = itertools.count(1)
            self._codes: dict[str, tuple[str, float]] = {}
            self._tokens = [
                Token(
                    app_key=app.app_id,
                    session=app.grants["session"],
                    refresh_token=app.grants["refresh_token"],
                    expires=self._clock.elapsed() + SESSION_SECONDS,
                )
                for app in self._apps
            ]

    def consent(self, app_key: str) -> str:
        """A code, as the consent page hands it to the app: for ten minutes, for one use."""
        with self._lock:
            code = self._word("code")
            self._codes[code] = (app_key, self._clock.elapsed() + CODE_SECONDS)
        return code

    def redeem(self, app_key: str, code: str) -> Token | None:
        """The session that a code is worth, once; None when the code is worth nothing."""
        with self._lock:
            owner, expires = self._codes.pop(code, ("", 0.0))
            return self._handed_out(app_key) if owner == app_key and self._clock.elapsed() < expires else None

    def refresh(self, app_key: str, refresh_token: str) -> Token | None:
        """A new session for a refresh token, which ends the old one; None when the token is worth nothing."""
        with self._lock:
            for token in self._tokens:
                if token.app_key == app_key and token.refresh_token == refresh_token:
                    self._tokens.remove(token)
                    return self._handed_out(app_key)
        return None

    def holder(self, session: str) -> str | None:
        """App key that a living session was given to."""
        elapsed = self._clock.elapsed()
        with self._lock:
            living = (token for token in self._tokens if token.session == session and elapsed < token.expires)
            return next((token.app_key for token in living), None)

    def end(self, session: str, *, refreshable: bool) -> None:
        """End a session, and unless it is refreshable its refresh token too."""
        with self._lock:
            for token in [token for token in self._tokens if token.session == session]:
                self._tokens.remove(token)
                if refreshable:
                    ended = Token(
                        app_key=token.app_key, session="", refresh_token=token.refresh_token, expires=0
                    )
                    self._tokens.append(ended)

    def _handed_out(self, app_key: str) -> Token:
        token = Token(
            app_key=app_key,
            session=self._word("session"),
            refresh_token=self._word("refresh"),
            expires=self._clock.elapsed() + SESSION_SECONDS,
        )
        self._tokens.append(token)
        return token

    def _word(self, what: str) -> str:
        return hashlib.sha256(f"{self._seed}|taobao|{what}|{next(self._numbers)}".encode()).hexdigest()[:56]
