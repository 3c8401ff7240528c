"""What a channel is made from, what it is, and what it knows of the call in hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request

from siyu.sandbox.server.apps import App
from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.faults import Fault
from siyu.sandbox.server.limits import Limits
from siyu.sandbox.server.world import World


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What every channel is made from.

    Args:
        world: The tables.
        clock: The world's time.
        limits: Counts calls against rate limits.
        seed: What made-up ids and secrets follow from.
    """

    world: World
    clock: Clock
    limits: Limits
    seed: str


def path_alone(path: str, query: Mapping[str, str], body: bytes) -> str:  # noqa: ARG001 - one shape for all channels
    """The endpoint of a channel that has one URL per endpoint."""
    return path


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One platform.

    Args:
        name: First part of the path and the name that faults and counters use.
        router: The endpoints; their paths lack the channel's prefix.
        apps: Who may call.
        endpoint_of: Names the endpoint of a call from its path (without prefix), query and body.
        forget: Forgets tokens and whatever else callers have left behind.
    """

    name: str
    router: APIRouter
    apps: tuple[App, ...]
    endpoint_of: Callable[[str, Mapping[str, str], bytes], str] = path_alone
    forget: Callable[[], None] = lambda: None


@dataclass
class Call:
    """The call in hand.

    Args:
        endpoint: As `Channel.endpoint_of` names it.
        fault: What the channel is to act out, if anything.
        app: Id of the app that calls; the channel writes it as soon as it knows.
    """

    endpoint: str
    fault: Fault | None = None
    app: str = ""


def call_of(request: Request) -> Call:
    """The call that a handler answers."""
    call = request.scope["siyu.call"]
    assert isinstance(call, Call)  # noqa: S101 - the wire puts it there
    return call
