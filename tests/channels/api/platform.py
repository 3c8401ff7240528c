"""A platform on loopback: real HTTP, answers that a test decides, everything it was asked.

Here: the server. Not here: any platform's paging or signing (the tests compose those from the contracts).
"""

import gzip
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived; `number` counts from 1, `at` is time.monotonic()."""

    number: int
    at: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any  # JSON, or the fields of a form; None without one


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A reply, or a fault on the way: `cut` sends half the body and resets, `stall` seconds pass before it."""

    document: Any = None
    body: bytes | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stall: float = 0.0

    @property
    def content(self) -> bytes:
        return self.body if self.body is not None else json.dumps(self.document, ensure_ascii=False).encode()


HTML = Answer(body=b"<html><body>502 Bad Gateway</body></html>", headers={"Content-Type": "text/html"})
HALF_GZIP = Answer(
    body=gzip.compress(json.dumps({"code": 0, "filler": list(range(5000))}).encode())[:-2000],
    headers={"Content-Encoding": "gzip"},
)
NO_GZIP = Answer(body=b"this is no gzip", headers={"Content-Encoding": "gzip"})


@dataclass
class Platform:
    """A running server; `asked` grows while it runs."""

    url: str
    asked: list[Asked]

    def count(self, path: str) -> int:
        return sum(one.path == path for one in self.asked)


@contextmanager
def running_apart(reply: Callable[[Asked], Answer], log: Path) -> Iterator[str]:
    """As `running`, in a process of its own: its URL. What it was asked is in `asked_of(log)`.

    Call it while this process has no thread but this one.
    """
    log.touch()
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        with log.open("a") as file:

            def noted(asked: Asked) -> Answer:
                file.write(json.dumps(asdict(asked)) + "\n")
                file.flush()
                return reply(asked)

            with running(noted) as platform:
                os.write(writer, platform.url.encode())
                os.close(writer)
                signal.pause()
    os.close(writer)
    with os.fdopen(reader) as pipe:
        url = pipe.read()
    try:
        yield url
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def asked_of(log: Path) -> list[Asked]:
    """What a platform in a process of its own was asked so far."""
    return [Asked(**json.loads(line)) for line in log.read_text().splitlines()]


def most_in_a_second(moments: list[float]) -> int:
    """The largest number of moments in any second, wherever it begins."""
    return max(sum(start <= other < start + 1 for other in moments) for start in moments)


@contextmanager
def running(reply: Callable[[Asked], Answer]) -> Iterator[Platform]:
    """Serve until the block ends; `reply` may be called by several threads at once."""
    platform = Platform(url="", asked=[])
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *words: object) -> None:
            pass

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            with lock:
                asked = Asked(
                    number=len(platform.asked) + 1,
                    at=time.monotonic(),
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                    headers=dict(self.headers),
                    body=_decoded(sent, self.headers.get("Content-Type") or ""),
                )
                platform.asked.append(asked)
            answer = reply(asked)
            time.sleep(answer.stall)
            content = answer.content
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
            try:
                self.send_response(answer.status)
                for name, value in (headers | answer.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if answer.cut else content)
            except OSError:
                self.close_connection = True  # the caller gave up
            if answer.cut:
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        request_queue_size = 64
        daemon_threads = True

        def handle_error(self, *what: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        platform.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield platform
        finally:
            server.shutdown()
            thread.join()


def _decoded(sent: bytes, content_type: str) -> Any:
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(sent.decode(), keep_blank_values=True, strict_parsing=True))
    return json.loads(sent) if sent else None
