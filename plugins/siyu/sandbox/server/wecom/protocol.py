"""How a call reaches a handler, and how its answer leaves."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from siyu.sandbox.server.apps import App, made_up
from siyu.sandbox.server.channel import Call, Channel, Sandbox, call_of
from siyu.sandbox.server.faults import Fault, FaultKind
from siyu.sandbox.server.limits import Limit
from siyu.sandbox.server.wecom import (
    acquisition,
    contacts,
    directory,
    groups,
    messages,
    moments,
    payments,
    statistics,
    tags,
    transfers,
)
from siyu.sandbox.server.wecom.asked import Asked
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.wecom.ids import Ids
from siyu.sandbox.server.wecom.memory import Memory
from siyu.sandbox.server.wecom.present import Present
from siyu.sandbox.server.wecom.tokens import LIFE_SECONDS, Tokens

NAME = "wecom"
GETTOKEN = "/cgi-bin/gettoken"
ENDPOINTS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    **directory.ENDPOINTS,
    **contacts.ENDPOINTS,
    **tags.ENDPOINTS,
    **groups.ENDPOINTS,
    **statistics.ENDPOINTS,
    **moments.ENDPOINTS,
    **messages.ENDPOINTS,
    **payments.ENDPOINTS,
    **acquisition.ENDPOINTS,
    **transfers.ENDPOINTS,
}

MINUTE, HOUR, DAY = 60, 3600, 86_400
PER_CORP = (  # WD-90454; a block lasts as long as the unit
    Limit(calls=10_000, seconds=MINUTE, blocked_seconds=MINUTE),
    Limit(calls=150_000, seconds=HOUR, blocked_seconds=HOUR),
)
PER_ADDRESS = (
    Limit(calls=20_000, seconds=MINUTE, blocked_seconds=MINUTE),
    Limit(calls=600_000, seconds=HOUR, blocked_seconds=HOUR),
)
DEBUGGED = (Limit(calls=5, seconds=MINUTE, blocked_seconds=MINUTE),)  # debug=1 in the URL (CM)
ID_CONVERSION = (  # WD-97108
    Limit(calls=100_000, seconds=HOUR),
    Limit(calls=480_000, seconds=DAY),
    Limit(calls=7_500_000, seconds=30 * DAY),
)


def make_channel(sandbox: Sandbox) -> Channel:
    """WeCom over a world."""
    wecom = _WeCom(sandbox)
    router = APIRouter()
    router.add_api_route(GETTOKEN, wecom.answered(wecom.gettoken), methods=["GET"])
    for endpoint, handler in ENDPOINTS.items():
        method, _, path = endpoint.partition(" ")
        # a GET to a POST endpoint gets the platform's own refusal
        methods = ["GET", "POST"] if method == "POST" else [method]
        router.add_api_route(path, wecom.answered(wecom.admitted(method, handler)), methods=methods)
    return Channel(name=NAME, router=router, apps=wecom.apps, forget=wecom.forget)


def _made_up_apps(sandbox: Sandbox) -> tuple[App, ...]:
    own = made_up(NAME, "self_built", seed=sandbox.seed, prefix="ww")
    narrow = made_up(NAME, "narrow", seed=sandbox.seed)
    provider = made_up(NAME, "provider", seed=sandbox.seed)
    return (
        own,  # the three are apps of one corp: one id, a secret each
        replace(narrow, app_id=own.app_id, grants={"visible": "first region", "payments": "no"}),
        replace(provider, app_id=own.app_id, grants={"ids": "provider"}),
    )


@dataclass(frozen=True)
class _Reply:
    """What goes out: a body, and a code that the headers repeat."""

    code: int
    body: dict[str, Any]


class _WeCom:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.apps = _made_up_apps(sandbox)
        self._tokens = Tokens(self.apps, sandbox.clock, sandbox.limits)
        self._memory = Memory()
        self._present = Present(sandbox.world, sandbox.clock)
        self._ids = {app: Ids(app, sandbox.world) for app in self.apps}
        self._departments = {app: self._visible(app) for app in self.apps}

    def forget(self) -> None:
        self._tokens.forget()
        self._memory.forget()

    def answered(self, handler: Callable[[Request, bytes], dict[str, Any]]) -> Callable[[Request], Any]:
        """What the handler finds, or its refusal, under HTTP 200 with errcode and errmsg, repeated in headers (CM)."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            try:
                found = await run_in_threadpool(handler, request, body)
                reply = _Reply(0, {"errcode": 0, "errmsg": "ok", **found})
            except Refusal as refusal:
                reply = _Reply(
                    refusal.code, {"errcode": refusal.code, "errmsg": self._errmsg(refusal, request)}
                )
            return Response(
                json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")),
                media_type="application/json; charset=UTF-8",
                headers={"error-code": str(reply.code), "error-msg": str(reply.body["errmsg"])},
            )

        return answer

    def gettoken(self, request: Request, body: bytes) -> dict[str, Any]:  # noqa: ARG002 - one shape for all handlers
        call, query = call_of(request), request.query_params
        self._within(PER_ADDRESS, "address", _address(request), call.endpoint)
        app, token = self._tokens.issue(query.get("corpid", ""), query.get("corpsecret", ""))
        call.app = _named(app)
        self._refuse_by_fault(call.fault, app)
        self._within(PER_CORP, "corp", app.app_id, call.endpoint)
        return {"access_token": token, "expires_in": LIFE_SECONDS}

    def admitted(
        self, method: str, handler: Callable[[Asked], dict[str, Any]]
    ) -> Callable[[Request, bytes], dict[str, Any]]:
        """Token, rate limits and parameters first, then the handler."""

        def handle(request: Request, body: bytes) -> dict[str, Any]:
            call = call_of(request)
            app = self._tokens.app_of(request.query_params.get("access_token", ""))
            call.app = _named(app)
            self._refuse_by_fault(call.fault, app)
            self._within(PER_CORP, "corp", app.app_id, call.endpoint)
            self._within(PER_ADDRESS, "address", _address(request), call.endpoint)
            if call.endpoint == contacts.UNIONID_TO_EXTERNAL_USERID:
                self._within(ID_CONVERSION, "conversion", app.app_id)
            if request.query_params.get("debug") == "1":
                self._within(DEBUGGED, "debug", app.app_id, call.endpoint)
            if request.method != method:
                raise bad_parameter("GET used for POST")
            given = dict(request.query_params) if method == "GET" else _json_object(body)
            return handler(self._asked(app, given, call))

        return handle

    def _asked(self, app: App, given: Mapping[str, Any], call: Call) -> Asked:
        return Asked(
            app=app,
            given=given,
            call=call,
            world=self._sandbox.world,
            clock=self._sandbox.clock,
            ids=self._ids[app],
            memory=self._memory,
            present=self._present,
            departments=self._departments[app],
        )

    def _within(self, limits: tuple[Limit, ...], *key: str) -> None:
        if not self._sandbox.limits.take(NAME, *key, limits=limits):
            raise Refusal(45009)

    def _refuse_by_fault(self, fault: Fault | None, app: App) -> None:
        match fault.kind if fault else None:
            case FaultKind.TOKEN_EXPIRED:
                self._tokens.revoke(app)
                raise Refusal(42001)
            case FaultKind.TOKEN_REVOKED:
                self._tokens.revoke(app)
                raise Refusal(40014)
            case FaultKind.RATE_LIMITED | FaultKind.QUOTA_GONE:
                raise Refusal(45009)
            case FaultKind.REFUSED if fault:
                raise Refusal(int(fault.options.get("code", -1)))

    def _errmsg(self, refusal: Refusal, request: Request) -> str:
        """`"<text>, hint: [ts_…], from ip: …, more info at …"` (CM): never to be matched on the full text."""
        now = self._sandbox.clock.seconds()
        hint = hashlib.sha256(f"{now}|{request.url.path}|{refusal.code}".encode()).hexdigest()[:16]
        link = f"https://open.work.weixin.qq.com/devtool/query?e={refusal.code}"
        return f"{refusal.text}, hint: [{now}_{hint}], from ip: {_address(request)}, more info at {link}"

    def _visible(self, app: App) -> list[int] | None:
        if "visible" not in app.grants:
            return None
        rows = self._sandbox.world.rows(
            """
            with recursive below as (
                select min(department_id) as department_id from departments where parent_department_id = 1
                union
                select departments.department_id
                from departments
                inner join below on departments.parent_department_id = below.department_id
            )
            select department_id from below where department_id is not null order by department_id
            """
        )
        return [row["department_id"] for row in rows]


def _named(app: App) -> str:
    """For the counters: the apps of one corp share their id."""
    return f"{app.app_id}/{app.label}"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _json_object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        given = json.loads(body)
        json.dumps(given, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise bad_parameter("body is no JSON") from None
    if not isinstance(given, dict):
        raise bad_parameter("body is no JSON object")
    return given
