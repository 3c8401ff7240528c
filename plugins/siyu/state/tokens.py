"""Access tokens of platforms: the table `tokens` in `state/state.db`, sealed, refreshed by one process at a time.

Here: keeping a token, and the order in which it is refreshed. Not here: how a platform is asked for one (channels).

Some platforms end the old pair with each refresh. So the intention is written before the platform is asked, and the
answer is stored before anybody uses it. A process that was killed in between leaves the intention; the next one asks
once more with the refresh token that is stored. Where the platform says that it was used already, the new pair was
lost on the way, and only a person can give another consent: the error says so, and since when.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from siyu.errors import EnvironmentFaultError
from siyu.settings import Home
from siyu.state.database import opened
from siyu.state.locks import hold
from siyu.state.sealing import Box

_CREATE = """
create table if not exists tokens (
    owner text primary key,
    sealed blob not null,
    refreshing_since text
)
"""
_PUT = """
insert into tokens (owner, sealed) values (?, ?)
on conflict (owner) do update set sealed = excluded.sealed, refreshing_since = null
"""
_GET = "select sealed, refreshing_since from tokens where owner = ?"
_ALL = "select owner, sealed from tokens"
_SEAL = "update tokens set sealed = ? where owner = ?"
_BEGIN = "update tokens set refreshing_since = ? where owner = ?"
_MARGIN = timedelta(minutes=5)  # a token that ends while a page is fetched costs a call
_MARGIN_SHARE = 0.1  # of the life of a short-lived one


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a platform gave out. Moments are aware, UTC; None: it does not say when it ends."""

    access: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime | None
    refresh: str | None = field(default=None, repr=False)
    refresh_expires_at: datetime | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Whether it lives long enough to be used."""
        if self.expires_at is None:
            return True
        return now < self.expires_at - min(_MARGIN, (self.expires_at - self.issued_at) * _MARGIN_SHARE)


class ConsentNeededError(EnvironmentFaultError):
    """No token can be had without a person; other accounts go on."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The token of one owner (channel and account) in a home."""

    home: Home
    box: Box
    owner: str
    wait_seconds: float  # for another process that refreshes
    clock: Callable[[], datetime]

    def get(self, refresh: Callable[[Token | None], Token], *, stale: str | None = None) -> Token:
        """A token that is fresh, from the store or by one refresh, whoever asks at the same time.

        Args:
            refresh: Asks the platform, given the stored token (None at first). Called under the owner's lock.
            stale: An access token that the platform has just refused: any other is taken, this one never.

        Raises:
            LockedError: Another process refreshed for longer than `wait_seconds`.
            ConsentNeededError: `refresh` raised it: the platform takes the stored refresh token no more.
        """
        if (kept := self._usable(stale)) is not None:
            return kept
        name = hashlib.sha256(self.owner.encode()).hexdigest()[:16]
        lock = self.home.state / f"token-{name}.lock"
        with hold(lock, run_id=f"token of {self.owner}", wait_seconds=self.wait_seconds):
            if (kept := self._usable(stale)) is not None:
                return kept  # somebody was first
            before, cut_off = self.stored(), self._refreshing_since()
            self._begin(cut_off)
            try:
                token = refresh(before)
            except ConsentNeededError as error:
                if cut_off is None:
                    raise
                raise ConsentNeededError(
                    f"{error.found}; a refresh that began at {cut_off} was cut off before its answer was stored",
                    expected=error.expected,
                    do=error.do,
                ) from None
            if token.refresh is None and before is not None:  # not told again: the old one stays good
                token = replace(token, refresh=before.refresh, refresh_expires_at=before.refresh_expires_at)
            self.put(token)
            return token

    def stored(self) -> Token | None:
        """The token as it was last stored, fresh or not; None before the first."""
        row = self._row()
        return _token(self.box.open(self.owner, row[0])) if row else None

    def put(self, token: Token) -> None:
        """Store a token, a first one after a person's consent too; it is on disk when this returns."""
        with opened(self.home, _CREATE) as connection, connection:
            connection.execute(_PUT, (self.owner, self.box.seal(self.owner, _content(token))))

    def _usable(self, stale: str | None) -> Token | None:
        token = self.stored()
        if token is None or token.access == stale or not token.is_fresh(self.clock()):
            return None
        return token

    def _begin(self, cut_off: str | None) -> None:
        if cut_off is None:  # an earlier intention stays: it says since when an answer is missing
            with opened(self.home, _CREATE) as connection, connection:
                connection.execute(_BEGIN, (self.clock().isoformat(), self.owner))

    def _refreshing_since(self) -> str | None:
        row = self._row()
        return row[1] if row else None

    def _row(self) -> tuple[bytes, str | None] | None:
        with opened(self.home, _CREATE) as connection:
            row: tuple[bytes, str | None] | None = connection.execute(_GET, (self.owner,)).fetchone()
        return row


def _content(token: Token) -> dict[str, Any]:
    return {
        "access": token.access,
        "issued_at": token.issued_at.isoformat(),
        "expires_at": token.expires_at and token.expires_at.isoformat(),
        "refresh": token.refresh,
        "refresh_expires_at": token.refresh_expires_at and token.refresh_expires_at.isoformat(),
    }


def _token(content: dict[str, Any]) -> Token:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(content[name]) if content[name] else None

    return Token(
        access=content["access"],
        issued_at=datetime.fromisoformat(content["issued_at"]),
        expires_at=moment("expires_at"),
        refresh=content["refresh"],
        refresh_expires_at=moment("refresh_expires_at"),
    )


def seal_tokens_anew(home: Home, old: Box, new: Box) -> None:
    """Seal what is sealed with the old key with the new one; what is already stays as it is.

    Raises:
        EnvironmentFaultError: Something opens with neither.
    """
    with opened(home, _CREATE) as connection, connection:
        for owner, sealed in connection.execute(_ALL).fetchall():
            try:
                new.open(owner, sealed)
            except EnvironmentFaultError:
                connection.execute(_SEAL, (new.seal(owner, old.open(owner, sealed)), owner))
