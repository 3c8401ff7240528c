"""Tokens of Youzan: one per app and shop (contract page youzan, "Auth", YS-auth)."""

import hashlib
import itertools
import threading
from dataclasses import dataclass, replace
from typing import Any

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.youzan.errors import GatewayError, Row, TokenError

ACCESS_SECONDS = 7 * 86400
REFRESH_SECONDS = 28 * 86400
SCOPE = "trade item scrm salesman ump"


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token of one app, a secret of the sandbox. Times by Clock.elapsed; no refresh token for self-use apps."""

    access: str
    refresh: str | None
    access_expires: float
    refresh_expires: float


class Tokens:
    """The tokens that live. A new one kills the app's old one at once: the docs disagree, and this is the harder way.

    Args:
        clock: Ages them.
        apps: `self_use` proves itself by secret and shop; `tool` holds the refresh token that its `grants` name.
        seed: What the made-up texts follow from.
    """

    def __init__(self, clock: Clock, apps: tuple[App, ...], *, seed: str) -> None:
        self._clock = clock
        self._apps = {app.app_id: app for app in apps}
        self._seed = seed
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Back to the tokens of the start."""
        with self._lock:
            self._numbers = itertools.count(1)
            expires = self._clock.elapsed() + REFRESH_SECONDS
            self._tokens = {
                app.app_id: Token(
                    access="", refresh=app.grants["refresh_token"], access_expires=0, refresh_expires=expires
                )
                for app in self._apps.values()
                if "refresh_token" in app.grants
            }

    def asked_for(self, body: Any) -> tuple[App, Row]:
        """What `auth/token` hands out for a JSON body, and to whom.

        Raises:
            TokenError: As the page lists them.
        """
        if not isinstance(body, dict):
            raise TokenError(1000, "invalid parameter: a JSON body is expected")
        app = self._apps.get(str(body.get("client_id", "")))
        if app is None:
            raise TokenError(1103, "client does not exist")
        if body.get("client_secret") != app.secret:
            raise TokenError(1000, "client_id or client_secret is wrong")
        with self._lock:
            match body.get("authorize_type"):
                case "silent":
                    token = self._silent(app, body)
                case "refresh_token":
                    token = self._refreshed(app, str(body.get("refresh_token", "")))
                case "authorization_code":
                    raise TokenError(1005, "code is invalid, expired or used")
                case _:
                    raise TokenError(1000, "authorize_type is not known")
        return app, self._shown(app, token)

    def holder(self, access_token: str) -> App:
        """The app that a living token was given to.

        Raises:
            GatewayError: 4201 without a token, 4202 for an expired one, 4203 for an unknown one.
        """
        if not access_token:
            raise GatewayError(4201, "access_token is missing")
        with self._lock:
            held = {token.access: (app_id, token) for app_id, token in self._tokens.items()}
        if access_token not in held:
            raise GatewayError(4203, "access_token is unknown")
        app_id, token = held[access_token]
        if self._clock.elapsed() >= token.access_expires:
            raise GatewayError(4202, "access_token has expired")
        return self._apps[app_id]

    def expire(self, access_token: str) -> None:
        """Let a token be expired."""
        with self._lock:
            for app_id, token in self._tokens.items():
                if token.access == access_token:
                    self._tokens[app_id] = replace(token, access_expires=0)

    def revoke(self, access_token: str) -> None:
        """Let a token be unknown; a refresh token lives on."""
        with self._lock:
            for app_id, token in self._tokens.items():
                if token.access == access_token:
                    self._tokens[app_id] = replace(token, access="")

    def _silent(self, app: App, body: Row) -> Token:
        if app.label != "self_use":
            raise TokenError(1105, "this type of app must be authorised by the shop")
        if str(body.get("grant_id", "")) != app.grants["kdt_id"]:
            raise TokenError(1103, "no grant relation between app and shop")
        token = self._tokens.get(app.app_id)
        if (
            body.get("refresh") is not True
            and token
            and token.access
            and self._clock.elapsed() < token.access_expires
        ):
            return token
        return self._minted(app, refreshable=False)

    def _refreshed(self, app: App, refresh_token: str) -> Token:
        token = self._tokens.get(app.app_id)
        if token is None or not refresh_token or token.refresh != refresh_token:
            raise TokenError(1004, "refresh_token is worth nothing")
        if self._clock.elapsed() >= token.refresh_expires:
            raise TokenError(1004, "the authorisation has expired")
        return self._minted(app, refreshable=True)

    def _minted(self, app: App, *, refreshable: bool) -> Token:
        elapsed = self._clock.elapsed()
        token = self._tokens[app.app_id] = Token(
            access=self._word("access"),
            refresh=self._word("refresh") if refreshable else None,
            access_expires=elapsed + ACCESS_SECONDS,
            refresh_expires=elapsed + REFRESH_SECONDS,
        )
        return token

    def _shown(self, app: App, token: Token) -> Row:
        """`expires` is the moment of expiry in unix milliseconds, not a duration."""
        left = token.access_expires - self._clock.elapsed()
        data: Row = {
            "access_token": token.access,
            "expires": int((self._clock.now().timestamp() + left) * 1000),
            "scope": SCOPE,
            "authority_id": app.grants["kdt_id"],
        }
        if token.refresh:
            data["refresh_token"] = token.refresh
        return data

    def _word(self, what: str) -> str:
        return hashlib.sha256(f"{self._seed}|youzan|{what}|{next(self._numbers)}".encode()).hexdigest()[:32]
