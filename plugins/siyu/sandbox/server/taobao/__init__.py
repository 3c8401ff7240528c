"""Taobao and Tmall as the contract page taobao has them, over the Tmall orders of the world.

`signing` verifies, `sessions` holds what the shop's consent gave, `gateway` judges parameters and wraps answers, the
other modules find them. Two apps: `main` sees buyers under the ids of the world's table, `second` under its own.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from siyu.sandbox.server.apps import App, made_up
from siyu.sandbox.server.channel import Call, Channel, Sandbox, call_of
from siyu.sandbox.server.clock import CHINA
from siyu.sandbox.server.faults import Fault, FaultKind
from siyu.sandbox.server.limits import Limit
from siyu.sandbox.server.taobao.gateway import (
    TIME_FORMAT,
    Asked,
    Row,
    TopError,
    enveloped,
    refused,
)
from siyu.sandbox.server.taobao.members import Members
from siyu.sandbox.server.taobao.refunds import Refunds
from siyu.sandbox.server.taobao.reviews import Reviews
from siyu.sandbox.server.taobao.sessions import SESSION_SECONDS, Sessions, Token
from siyu.sandbox.server.taobao.signing import METHODS, signature
from siyu.sandbox.server.taobao.trades import Trades

NAME = "taobao"
MOST_SKEW = timedelta(minutes=10)  # AUTH: clock skew
LIMITS = (
    Limit(calls=50, seconds=1, blocked_seconds=1),
)  # per app and method; made up, the platform publishes none


def apps_of(seed: str) -> tuple[App, ...]:
    """The apps, each with the session that the shop's owner gave it."""

    def consented(label: str) -> App:
        app = made_up(NAME, label, seed=seed, digits=8)
        word = partial(_word, seed, label)
        return replace(app, grants={"session": word("session"), "refresh_token": word("refresh_token")})

    return consented("main"), consented("second")


def _word(seed: str, label: str, what: str) -> str:
    return hashlib.sha256(f"{seed}|{NAME}|{label}|{what}".encode()).hexdigest()[:56]


async def body_of(request: Request) -> bytes:
    """The body as it came: the signature is over the raw form."""
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]


def parameters_of(query: Mapping[str, str], body: bytes) -> dict[str, str]:
    """System and business parameters; the first may stand in the URL and the second in the form."""
    return {**query, **dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))}


def method_of(path: str, query: Mapping[str, str], body: bytes) -> str:
    """What counters and faults call a call: the method's name, or the path where there is none."""
    return parameters_of(query, body).get("method", path) if path == "/router/rest" else path


def make_channel(sandbox: Sandbox) -> Channel:
    """The channel over a sandbox."""
    apps = apps_of(sandbox.seed)
    platform = Platform(sandbox, apps)
    router = APIRouter()

    @router.post("/router/rest")
    def rest(request: Request, body: Body) -> Response:
        parameters = parameters_of(request.query_params, body)
        try:
            content, media_type = platform.answer(parameters, call_of(request))
        except TopError as error:
            content, media_type = refused(error, parameters)
        return Response(content, media_type=media_type)

    @router.get("/authorize")
    def authorize(client_id: str, redirect_uri: str, state: str = "") -> RedirectResponse:
        code = platform.sessions.consent(client_id)
        return RedirectResponse(
            f"{redirect_uri}?{urlencode({'code': code, 'state': state})}", status_code=302
        )

    @router.post("/token")
    def token(request: Request, body: Body) -> JSONResponse:
        return platform.token(parameters_of({}, body), call_of(request))

    return Channel(
        name=NAME, router=router, apps=apps, endpoint_of=method_of, forget=platform.sessions.forget
    )


class Platform:
    """What stands behind the URLs."""

    def __init__(self, sandbox: Sandbox, apps: tuple[App, ...]) -> None:
        self._clock = sandbox.clock
        self._limits = sandbox.limits
        self._apps = {app.app_id: app for app in apps}
        self.sessions = Sessions(sandbox.clock, apps, seed=sandbox.seed)
        trades, refunds = Trades(sandbox.world), Refunds(sandbox.world)
        reviews, members = Reviews(sandbox.world), Members(sandbox.world)
        self._methods: dict[str, Callable[[Asked], Row]] = {
            "taobao.trades.sold.get": trades.sold,
            "taobao.trades.sold.increment.get": trades.increment,
            "taobao.trades.sold.history.get": trades.history,
            "taobao.trade.fullinfo.get": trades.fullinfo,
            "taobao.refunds.receive.get": refunds.received,
            "taobao.traderates.get": reviews.received,
            "taobao.crm.members.get": members.get,
            "taobao.crm.members.increment.get": members.increment,
        }

    def answer(self, parameters: Mapping[str, str], call: Call) -> tuple[bytes, str]:
        """Body and media type of what a call asks for.

        Raises:
            TopError: It is refused.
        """
        method = parameters.get("method")
        if not method:
            raise TopError(21, "Missing Method")
        if method not in self._methods:
            raise TopError(22, "Invalid Method")
        app = self._verified(parameters)
        call.app = app.app_id
        self._admit(parameters.get("session", ""), app, method, call.fault)
        asked = Asked(
            parameters=parameters,
            app_key=app.app_id,
            is_main_app=app.label == "main",
            now=self._clock.now(),
            fault=call.fault,
        )
        return enveloped(method, self._methods[method](asked), parameters)

    def _verified(self, parameters: Mapping[str, str]) -> App:
        """The app that signed (ERR: 24-33)."""
        if not parameters.get("app_key"):
            raise TopError(28, "Missing App Key")
        app = self._apps.get(parameters["app_key"])
        if app is None:
            raise TopError(29, "Invalid App Key")
        self._in_time(parameters.get("timestamp", ""))
        if not parameters.get("v"):
            raise TopError(32, "Missing Version")
        if parameters["v"] != "2.0":
            raise TopError(33, "Invalid Version")
        if not parameters.get("sign"):
            raise TopError(24, "Missing Signature")
        method = parameters.get("sign_method", "")
        right = method in METHODS and signature(parameters, secret=app.secret, method=method)
        if right != parameters["sign"]:
            raise TopError(25, "Invalid Signature")
        return app

    def _in_time(self, text: str) -> None:
        """China time, ten minutes off at most (AUTH); the platform's own kit sends unix milliseconds instead."""
        if not text:
            raise TopError(30, "Missing Timestamp")
        try:
            if text.isdigit():
                sent = datetime.fromtimestamp(int(text) / 1000, tz=UTC)
            else:
                sent = datetime.strptime(text, TIME_FORMAT).replace(tzinfo=CHINA)
        except (ValueError, OverflowError, OSError):
            raise TopError(31, "Invalid Timestamp") from None
        if abs(sent - self._clock.now()) > MOST_SKEW:
            raise TopError(31, "Invalid Timestamp")

    def _admit(self, session: str, app: App, method: str, fault: Fault | None) -> None:
        """Refuse for want of a session (26, 27) or for too many calls (7)."""
        kind = fault.kind if fault else None
        if not session:
            raise TopError(26, "Missing Session")
        if kind in {FaultKind.TOKEN_EXPIRED, FaultKind.TOKEN_REVOKED}:
            self.sessions.end(session, refreshable=kind == FaultKind.TOKEN_EXPIRED)
        if self.sessions.holder(session) != app.app_id:
            raise TopError(27, "Invalid Session", "invalid-sessionkey", "SessionKey非法")
        if fault and kind == FaultKind.REFUSED:
            code, sub_code = int(fault.options.get("code", 11)), str(fault.options.get("sub_code", ""))
            raise TopError(code, "Insufficient ISV Permissions", sub_code, "refused")
        if kind == FaultKind.QUOTA_GONE:
            raise TopError(
                7,
                "App Call Limited",
                "accesscontrol.limited-by-app-access-count",
                "app access count of today is used up",
            )
        fits = self._limits.take(NAME, app.app_id, method, limits=LIMITS)
        if not fits or kind == FaultKind.RATE_LIMITED:
            raise TopError(
                7,
                "App Call Limited",
                "accesscontrol.limited-by-api-access-count",
                "This ban will last for 1 more seconds",
            )

    def token(self, form: Mapping[str, str], call: Call) -> JSONResponse:
        """What `POST /token` answers (AUTH: token, reply)."""
        app = self._apps.get(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app.secret:
            return JSONResponse(
                {"error": "invalid_client", "error_description": "client id or secret is wrong"}, 400
            )
        call.app = app.app_id
        match form.get("grant_type"):
            case "authorization_code":
                token = self.sessions.redeem(app.app_id, form.get("code", ""))
            case "refresh_token":
                token = self.sessions.refresh(app.app_id, form.get("refresh_token", ""))
            case _:
                token = None
        if token is None:
            return JSONResponse(
                {"error": "invalid_grant", "error_description": "code or token is worth nothing"}, 400
            )
        return JSONResponse(_reply(token))


def _reply(token: Token) -> Row:
    return {
        "access_token": token.session,
        "token_type": "Bearer",
        "expires_in": SESSION_SECONDS,
        "refresh_token": token.refresh_token,
        "re_expires_in": SESSION_SECONDS,
        "r1_expires_in": SESSION_SECONDS,
        "r2_expires_in": SESSION_SECONDS,
        "w1_expires_in": SESSION_SECONDS,
        "w2_expires_in": SESSION_SECONDS,
        "taobao_user_nick": "%E6%B2%99%E7%9B%92%E6%97%97%E8%88%B0%E5%BA%97",
        "taobao_user_id": "2200000000001",
    }
