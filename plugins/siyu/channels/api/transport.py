"""One request over HTTP, whatever the network makes of it.

Here: the client, its time-outs and limits, and the difference between a reply and a fault on the way. Not here: what a
reply says (judging), trying again (calls).
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache

import httpx

from siyu.channels.api.declare import Request
from siyu.channels.api.logs import hide_secrets
from siyu.clock import utc_now

_TOO_MANY_REQUESTS, _SERVER_ERRORS = 429, 500
_LONGEST_BODY = 128 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one request: seconds to connect, between two pieces, for all of it; bytes of the decoded body."""

    connect_seconds: float = 10
    read_seconds: float = 20
    whole_seconds: float = 120
    body_bytes: int = _LONGEST_BODY


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: HTTP status and decoded body."""

    status: int
    body: bytes = field(repr=False)


class FaultOnTheWayError(Exception):
    """The request may or may not have arrived; nothing usable came back. `seconds`: how long we were told to wait."""

    def __init__(self, what: str, *, seconds: float | None = None) -> None:
        self.what = what
        self.seconds = seconds
        super().__init__(what)


class BodyTooLargeError(Exception):
    """The body is larger than any page should be."""


class Transport:
    """A pool of connections to one platform; requests may be sent by several threads at once."""

    def __init__(self, base_url: str, *, limits: Limits, in_flight: int) -> None:
        hide_secrets()
        self._limits = limits
        self._base_url = base_url.rstrip("/")
        self._client = httpx.Client(
            verify=_trusted(),
            timeout=httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds),
            limits=httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
            follow_redirects=False,  # a token must not follow
            headers={"User-Agent": "siyu", "Accept": "application/json"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, request: Request) -> Answer:
        """Send a request as it is.

        Raises:
            FaultOnTheWayError: No or half an answer, a time-out, HTTP 429 or 5xx.
            BodyTooLargeError: The body is beyond the limit; the rest of it was not read.
        """
        query = dict(request.query) | (dict(request.params) if request.send == "query" else {})
        deadline = time.monotonic() + self._limits.whole_seconds
        try:
            with self._client.stream(
                request.method,
                request.path if "://" in request.path else self._base_url + request.path,
                params=query,
                data=dict(request.params) if request.send == "form" else None,
                json=dict(request.params) if request.send == "json" else None,
                headers=dict(request.headers),
            ) as response:
                if response.status_code == _TOO_MANY_REQUESTS or response.status_code >= _SERVER_ERRORS:
                    raise FaultOnTheWayError(
                        f"HTTP {response.status_code}", seconds=_retry_after(response.headers)
                    )
                pieces, size = [], 0
                for piece in response.iter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > self._limits.body_bytes:
                        raise BodyTooLargeError
                    if time.monotonic() > deadline:
                        raise FaultOnTheWayError("a body that never ended")
                return Answer(status=response.status_code, body=b"".join(pieces))
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise FaultOnTheWayError(type(error).__name__) from None  # its text may hold the URL


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust, read once per process: it takes longer than a call, and a window has a client of its own."""
    return httpx.create_ssl_context()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the header Retry-After asks for, as a number or as a date; None without a usable one."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - utc_now()).total_seconds())
    except (TypeError, ValueError):
        return None
