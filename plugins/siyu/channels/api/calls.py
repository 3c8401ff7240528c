"""One call to a platform, whatever it takes: a token, its turn under the rate limit, tries, a refresh on the way.

Here: carrying out the reactions, counting. Not here: turning pages (paging), what is in them (rows).
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from siyu.channels.api.declare import Account, Connector, Reply, Request
from siyu.channels.api.judging import (
    AccountFailedError,
    ItemRefusedError,
    QuotaGoneError,
    Reaction,
    RestartError,
    StreamStoppedError,
    Trouble,
    UnavailableError,
)
from siyu.channels.api.pages import HalfReplyError, Page, take_apart
from siyu.channels.api.transport import BodyTooLargeError, FaultOnTheWayError, Limits, Transport
from siyu.channels.api.units import CHINA
from siyu.errors import SiyuError
from siyu.landing import Calls
from siyu.settings import Home, Settings
from siyu.state.rates import Rate
from siyu.state.sealing import Box
from siyu.state.tokens import ConsentNeededError, Token, Tokens

_LOG = logging.getLogger(__name__)
_REFRESHES_PER_CALL = 2  # a second one: the token may end just when another process refreshed it
_BAD_REQUEST = 400


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to go on: first and longest pause of back-off, most tries, all pauses of one call together."""

    first_seconds: float = 0.5
    longest_seconds: float = 60
    tries: int = 12
    whole_seconds: float = 600


class _AgainError(Exception):
    """Worth another try, after so many seconds where the platform says."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        self.why = why
        self.seconds = seconds
        super().__init__(why)


class Caller:
    """Calls one account's platform; safe to use from several threads."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        connector: Connector,
        account: Account,
        *,
        box: Box,
        clock: Callable[[], datetime],
        patience: Patience,
        limits: Limits,
        in_flight: int,
    ) -> None:
        self._home, self._connector, self._account = home, connector, account
        self._clock, self._patience = clock, patience
        self._transport = Transport(
            account.base_url or connector.api.base_url, limits=limits, in_flight=in_flight
        )
        self._tokens = Tokens(
            home=home,
            box=box,
            owner=f"{connector.channel} connection {account.connection}"
            if account.connection
            else f"{connector.channel} account {account.name}",
            wait_seconds=settings.lock_wait_seconds,
            clock=clock,
        )
        self._token: Token | None = None
        self._lock = threading.Lock()
        self._calls = Calls()
        app = account[connector.api.app] if connector.api.app else account.name
        self._app = f"{connector.channel} app {app}"
        self._pause = wait_random_exponential(multiplier=patience.first_seconds, max=patience.longest_seconds)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def counted(self) -> Calls:
        """What has been called so far; rows are not counted here."""
        return self._calls

    def page(self, request: Request, *, items: str, per_second: float | None) -> Page:
        """The reply to a request, signed anew at every try.

        Raises:
            RestartError, ItemRefusedError: The platform says so.
            StreamStoppedError, AccountFailedError, QuotaGoneError, UnavailableError, ConsentNeededError: See there.
        """
        rate = Rate(
            self._home,
            f"{self._app} {request.path}",
            per_second=per_second or self._connector.api.per_second,
        )
        return self._patiently(request, lambda: self._with_token(request, items, rate))

    def _patiently(self, request: Request, once: Callable[[], Page]) -> Page:
        retrying = Retrying(
            retry=retry_if_exception_type(_AgainError),
            wait=self._wait,
            stop=stop_before_delay(self._patience.whole_seconds) | stop_after_attempt(self._patience.tries),
            before_sleep=lambda state: self._note_retry(request, state),
            reraise=True,
        )
        try:
            return retrying(once)
        except _AgainError as error:
            asked = error.seconds or 0
            if asked > self._patience.whole_seconds:
                raise self._quota_gone(request, error.why, asked) from None
            raise UnavailableError(
                f"{self._connector.channel} {request.path} does not answer well: {error.why}",
                expected=f"a good answer within {self._patience.tries} tries or "
                f"{self._patience.whole_seconds:g} s",
                do="run it again later: it goes on from the page reached",
            ) from None

    def _with_token(self, request: Request, items: str, rate: Rate) -> Page:
        for _ in range(_REFRESHES_PER_CALL + 1):
            token = self._fresh_token()
            access = token.access if token else None
            self._count(waited_seconds=rate.wait().waited_seconds)
            signed = self._connector.api.authorise(request, self._account, access, self._clock())
            page, trouble = self._judged(signed, items)
            if trouble is None:
                return replace(page, asked=request.params)
            if trouble.reaction is not Reaction.REFRESH or access is None:
                raise self._error(request, trouble)
            self._refreshed(stale=access)
        raise StreamStoppedError(
            f"{self._connector.channel} {request.path} refuses every token",
            expected="the token it has just given out",
            do="check that no other program refreshes the token of this account",
        )

    def _judged(self, signed: Request, items: str | None) -> tuple[Page, Trouble | None]:
        """Send a request once and judge what comes back.

        Raises:
            _AgainError: Nothing usable came.
        """
        self._count(calls=1)
        try:
            answer = self._transport.send(signed)
            page = take_apart(answer.body, items)
        except FaultOnTheWayError as error:
            raise _AgainError(error.what, error.seconds) from None
        except HalfReplyError:
            raise _AgainError("a reply that is no whole JSON document") from None
        except BodyTooLargeError:
            raise StreamStoppedError(
                f"{self._connector.channel} {signed.path} answers with a body beyond all bounds",
                do="ask for smaller pages",
            ) from None
        self._count(bytes=page.bytes)
        trouble = self._connector.api.judge(page.document)
        if trouble is None and answer.status >= _BAD_REQUEST:
            trouble = Trouble(
                reaction=Reaction.STOP_STREAM, meaning="a refusal", code=f"HTTP {answer.status}"
            )
        return page, trouble

    def _fresh_token(self) -> Token | None:
        if self._connector.api.fetch_token is None:
            return None
        token = self._token
        if token is None or not token.is_fresh(self._clock()):
            token = self._token = self._tokens.get(self._fetch_token)
        return token

    def _refreshed(self, *, stale: str) -> None:
        with self._lock:
            if self._token is not None and self._token.access != stale:
                return  # another thread was first
        self._token = self._tokens.get(self._fetch_token, stale=stale)

    def _fetch_token(self, before: Token | None) -> Token:
        fetch = self._connector.api.fetch_token
        if fetch is None:
            raise SiyuError(f"{self._connector.channel} has no tokens", do="report this as a bug")
        self._count(refreshes=1)
        try:
            return fetch(self._account, before, self._ask, self._clock())
        except (KeyError, TypeError):
            raise UnavailableError(
                f"{self._connector.channel} account {self._account.name}: the reply to a request for a token "
                "holds none",
                expected="the fields of the contract",
                do="run it again later",
            ) from None

    def _ask(self, request: Request) -> Reply:
        """Send a request for a token, with as much patience as any other."""
        return Reply(document=self._patiently(request, lambda: self._asked(request)).document)

    def _asked(self, request: Request) -> Page:
        page, trouble = self._judged(request, None)
        if trouble is None:
            return page
        if trouble.reaction is Reaction.REFRESH:  # there is nothing to refresh on the way to a token
            raise _AgainError(_told(trouble))
        raise self._error(request, trouble)

    def _error(self, request: Request, trouble: Trouble) -> Exception:  # noqa: PLR0911 - one return per reaction
        found = f"{self._connector.channel} account {self._account.name} {request.path}: {_told(trouble)}"
        match trouble.reaction:
            case Reaction.BACK_OFF:
                return _AgainError(_told(trouble), trouble.seconds)
            case Reaction.WAIT:
                return _AgainError(_told(trouble), trouble.seconds or self._patience.longest_seconds)
            case Reaction.QUOTA:
                return self._quota_gone(request, _told(trouble), trouble.seconds)
            case Reaction.RESTART:
                return RestartError(_told(trouble))
            case Reaction.SKIP_ITEM:
                return ItemRefusedError(_told(trouble))
            case Reaction.CONSENT:
                return ConsentNeededError(
                    found, expected="a refresh token that the platform takes", do=trouble.do
                )
            case Reaction.FAIL:
                return AccountFailedError(found, do=trouble.do)
            case _:
                return StreamStoppedError(found, do=trouble.do)

    def _quota_gone(self, request: Request, why: str, seconds: float | None) -> QuotaGoneError:
        now = self._clock()
        if seconds is not None:
            until = now + timedelta(seconds=seconds)
        else:
            tomorrow = now.astimezone(CHINA) + timedelta(days=1)  # a quota comes back at midnight there
            until = tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)
        return QuotaGoneError(f"{self._connector.channel} {request.path}: {why}", until=until)

    def _wait(self, state: RetryCallState) -> float:
        """The pause before the next try: full jitter, and no less than the platform asks for."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.seconds if isinstance(error, _AgainError) else None
        return max(asked or 0.0, self._pause(state))

    def _note_retry(self, request: Request, state: RetryCallState) -> None:
        pause = state.next_action.sleep if state.next_action else 0.0
        error = state.outcome.exception() if state.outcome else None
        self._count(retries=1, waited_seconds=pause)
        _LOG.info("%s %s: %s; again in %.1f s", self._connector.channel, request.path, error, pause)

    def _count(self, **more: Any) -> None:
        with self._lock:
            self._calls = replace(
                self._calls, **{name: getattr(self._calls, name) + value for name, value in more.items()}
            )


def _told(trouble: Trouble) -> str:
    return f"{trouble.code} ({trouble.meaning})" if trouble.code else trouble.meaning
