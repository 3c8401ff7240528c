"""Between the socket and the channels: counts every call, draws its fault, spoils the bytes of an answer on their way.

Here: what happens below HTTP's meaning. Not here: what a platform says.
"""

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from siyu.sandbox.server.calls import Calls
from siyu.sandbox.server.channel import Call, Channel
from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.faults import TRANSPORT, Fault, FaultKind, Faults

HTML_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
LONGEST_BODY = 8 * 2**20  # bytes of a request that are read; no platform takes more


class Wire:
    """The outermost ASGI application.

    Args:
        app: The channels' routes and the admin endpoint.
        channels: By name.
        clock: Moved on by every call to a channel when it was told to.
        faults: What may be drawn.
        calls: Where calls are counted.
    """

    latency_seconds: float = 0

    def __init__(
        self, app: ASGIApp, *, channels: Mapping[str, Channel], clock: Clock, faults: Faults, calls: Calls
    ) -> None:
        self._app = app
        self._channels = channels
        self._clock = clock
        self._faults = faults
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name, _, path = scope.get("path", "").removeprefix("/").partition("/")
        channel = self._channels.get(name)
        if scope["type"] != "http" or channel is None:
            await self._app(scope, receive, send)
            return
        arrived = self._calls.moment()
        body = await _whole_body(receive)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        endpoint = channel.endpoint_of(f"/{path}", query, body)
        fault = self._faults.draw(name, endpoint)
        call = Call(endpoint=endpoint, fault=None if fault and fault.kind in TRANSPORT else fault)
        scope["siyu.call"] = call
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        self._clock.advance(self._clock.per_call)

        def count() -> None:
            self._calls.add(name, call.app, endpoint, arrived=arrived, fault=fault.kind if fault else "")

        await self._answer(scope, _Replayed(body, receive), _Counted(send, count), fault)

    async def _answer(self, scope: Scope, receive: Receive, send: "_Counted", fault: Fault | None) -> None:
        kind = fault.kind if fault and fault.kind in TRANSPORT else None
        if fault is None or kind is None:
            await self._app(scope, receive, send)
            return
        if kind == FaultKind.STALL:
            await asyncio.sleep(float(fault.options.get("seconds", 30)))
            await self._app(scope, receive, send)
        elif kind in {FaultKind.RESET, FaultKind.DOWN}:
            await _reset(receive, send)
        elif kind in {FaultKind.HALF_BODY, FaultKind.WRONG_LENGTH, FaultKind.BROKEN_GZIP}:
            await self._spoilt(scope, receive, send, kind)
        else:
            await _refusal(fault)(scope, receive, send)

    async def _spoilt(self, scope: Scope, receive: Receive, send: "_Counted", kind: FaultKind) -> None:
        """What the channel answers, with its body damaged; what it did for the call is done."""
        parts: list[bytes] = []

        async def gather(message: Message) -> None:
            parts.append(message.get("body", b""))

        await self._app(scope, receive, gather)
        body = b"".join(parts)
        if kind == FaultKind.BROKEN_GZIP:
            packed = gzip.compress(body)
            broken = packed[: len(packed) // 2] + b"\0" * (len(packed) - len(packed) // 2)
            headers = {"content-encoding": "gzip", "content-type": "application/json"}
            await Response(broken, headers=headers)(scope, receive, send)
        elif kind == FaultKind.HALF_BODY:
            await _raw(send, receive, body[: len(body) // 2], length=len(body))
        else:
            await _raw(send, receive, body, length=max(len(body) - 7, 1))


def _refusal(fault: Fault) -> Response:
    if fault.kind == FaultKind.HTTP_429:
        wait = fault.options.get("retry_after")
        return Response(status_code=429, headers={} if wait is None else {"retry-after": str(wait)})
    if fault.kind == FaultKind.HTML:
        return HTMLResponse(HTML_PAGE, status_code=int(fault.options.get("status", 200)))
    return Response(json.dumps({"error": "internal"}), status_code=500, media_type="application/json")


class _Replayed:
    """Gives a body that was read already once more, then whatever comes."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _whole_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > LONGEST_BODY:
            return bytes(body)


class _Counted:
    """Counts a call just before its answer leaves: whoever has the answer finds the call counted."""

    def __init__(self, send: Send, count: Callable[[], None]) -> None:
        self._send = send
        self._count: Callable[[], None] | None = count

    async def __call__(self, message: Message) -> None:
        self._counted()
        await self._send(message)

    @property
    def transport(self) -> Any:
        """The connection itself: HTTP offers no way to break off an answer."""
        self._counted()
        return self._send.__self__.transport  # type: ignore[attr-defined] # a method of uvicorn's cycle

    def _counted(self) -> None:
        count, self._count = self._count, None
        if count:
            count()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset(receive: Receive, send: _Counted) -> None:
    transport = send.transport
    # a linger of zero makes the kernel send RST in the place of FIN
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()
    await _until_gone(receive)


async def _raw(send: _Counted, receive: Receive, body: bytes, *, length: int) -> None:
    transport = send.transport
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    transport.write(head.encode() + body)
    transport.close()
    await _until_gone(receive)
