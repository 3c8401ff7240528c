"""The whole server: the core put together with the channels."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from siyu.errors import EnvironmentFaultError
from siyu.sandbox.server import ocean_engine, taobao, wecom, youzan
from siyu.sandbox.server.admin import admin_router
from siyu.sandbox.server.apps import App
from siyu.sandbox.server.calls import Calls
from siyu.sandbox.server.channel import Channel, Sandbox
from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.faults import Faults
from siyu.sandbox.server.limits import Limits
from siyu.sandbox.server.wire import Wire
from siyu.sandbox.server.world import World

CHANNELS: tuple[Callable[[Sandbox], Channel], ...] = (
    wecom.make_channel,
    youzan.make_channel,
    taobao.make_channel,
    ocean_engine.make_channel,
)

_STARTING_SECONDS, _ENDING_SECONDS = 0.01, 10


@dataclass(frozen=True, kw_only=True)
class Server:
    """What uvicorn runs, whose time it shows, and who may call it."""

    wire: Wire
    clock: Clock
    channels: tuple[str, ...]
    apps: tuple[App, ...]


def make_server(folder: Path, *, at: datetime, seed: str = "1") -> Server:
    """A server over a world folder.

    Args:
        folder: The world's Parquet tables.
        at: Aware moment at which the world stands first.
        seed: What made-up app ids, secrets and per-app ids follow from.

    Raises:
        UsageError: The folder holds no world.
    """
    clock = Clock(at)
    limits, faults, calls = Limits(clock), Faults(clock), Calls()
    sandbox = Sandbox(world=World(folder), clock=clock, limits=limits, seed=seed)
    channels = {channel.name: channel for channel in (make(sandbox) for make in CHANNELS)}
    app = FastAPI(title="siyu sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    wire = Wire(app, channels=channels, clock=clock, faults=faults, calls=calls)
    app.include_router(
        admin_router(wire=wire, clock=clock, limits=limits, faults=faults, calls=calls, channels=channels)
    )
    for channel in channels.values():
        app.include_router(channel.router, prefix=f"/{channel.name}")
    apps = tuple(app for channel in channels.values() for app in channel.apps)
    return Server(wire=wire, clock=clock, channels=tuple(channels), apps=apps)


def listen(port: int) -> socket.socket:
    """A socket of loopback; port 0 takes any that is free.

    Raises:
        EnvironmentFaultError: Somebody else listens there.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as reason:
        raise EnvironmentFaultError(
            f"nothing can listen on port {port} of 127.0.0.1 ({reason.strerror})",
            expected="a free port",
            do="end who holds it, or give another with --port",
        ) from reason


@contextlib.contextmanager
def serving(server: Server) -> Iterator[str]:
    """Serve from a thread of this process, on a free port, until the block ends; where it answers."""
    import uvicorn

    config = uvicorn.Config(server.wire, log_level="critical", access_log=False)
    with listen(0) as listening:
        beside = uvicorn.Server(config)
        thread = threading.Thread(target=beside.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while thread.is_alive() and not beside.started:
            time.sleep(_STARTING_SECONDS)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            beside.should_exit = True
            thread.join(timeout=_ENDING_SECONDS)


def run(server: Server, listening: socket.socket) -> None:
    """Serve until the process is told to end."""
    import uvicorn

    config = uvicorn.Config(server.wire, log_level="warning", access_log=False)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it once more when it has ended in order
        uvicorn.Server(config).run(sockets=[listening])
