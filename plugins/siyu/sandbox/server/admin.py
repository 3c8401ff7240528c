"""`/_admin/…`: sets the clock, switches faults, shows counters. For callers on this machine alone."""

from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from siyu.sandbox.server.calls import Calls
from siyu.sandbox.server.channel import Channel
from siyu.sandbox.server.clock import Clock
from siyu.sandbox.server.faults import Fault, Faults
from siyu.sandbox.server.limits import Limit, Limits
from siyu.sandbox.server.wire import Wire


class ClockSetting(BaseModel):
    """Any of: a moment to stand at, seconds to move on by, seconds that each call moves on by."""

    model_config = ConfigDict(extra="forbid")

    at: AwareDatetime | None = None
    advance_seconds: float = 0
    per_call_seconds: float | None = Field(default=None, ge=0)


class Latency(BaseModel):
    """Seconds that every answer of a channel takes at least."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(ge=0, le=60)


def on_loopback(request: Request) -> None:
    """Refuse whoever calls from another machine."""
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise HTTPException(403, "the admin endpoint answers on loopback only")


def admin_router(
    *,
    wire: Wire,
    clock: Clock,
    limits: Limits,
    faults: Faults,
    calls: Calls,
    channels: dict[str, Channel],
) -> APIRouter:
    """The endpoints, each over the part of the core that it is named for."""
    router = APIRouter(prefix="/_admin", dependencies=[Depends(on_loopback)])

    def clock_shown() -> dict[str, Any]:
        return {"at": clock.now().isoformat(), "per_call_seconds": clock.per_call.total_seconds()}

    @router.get("/state")
    def show_state() -> dict[str, Any]:
        return {
            "clock": clock_shown(),
            "channels": sorted(channels),
            "faults": faults.listed(),
            "calls": calls.listed(),
        }

    @router.get("/clock")
    def show_clock() -> dict[str, Any]:
        return clock_shown()

    @router.post("/clock")
    def set_clock(setting: ClockSetting) -> dict[str, Any]:
        if setting.at is not None:
            clock.set(setting.at)
        clock.advance(timedelta(seconds=setting.advance_seconds))
        if setting.per_call_seconds is not None:
            clock.per_call = timedelta(seconds=setting.per_call_seconds)
        return clock_shown()

    @router.get("/faults")
    def show_faults() -> list[dict[str, Any]]:
        return faults.listed()

    @router.post("/faults")
    def inject(fault: Fault) -> list[dict[str, Any]]:
        faults.inject(fault)
        return faults.listed()

    @router.delete("/faults")
    def clear_faults() -> list[dict[str, Any]]:
        faults.clear()
        return []

    @router.get("/calls")
    def show_calls() -> list[dict[str, Any]]:
        return calls.listed()

    @router.put("/limits/{channel}")
    def put_limits(channel: str, instead: list[Limit]) -> dict[str, int]:
        limits.put(channel, tuple(instead))
        return {"limits": len(instead)}

    @router.post("/latency")
    def set_latency(latency: Latency) -> Latency:
        wire.latency_seconds = latency.seconds
        return latency

    @router.post("/reset")
    def reset() -> dict[str, Any]:
        clock.reset()
        faults.clear()
        calls.reset()
        limits.reset()
        wire.latency_seconds = 0
        for channel in channels.values():
            channel.forget()
        return clock_shown()

    return router
