"""Youzan 有赞云 as the contract page youzan has it, over the mini program shop of the world.

`tokens` hands out and judges tokens, `asked` judges parameters, `orders`, `customers` and `salesmen` are what the APIs
answer. Two apps of one shop: `self_use` asks for its token by secret and shop, `tool` refreshes the one it was given.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from siyu.sandbox.server.apps import App, made_up
from siyu.sandbox.server.channel import Call, Channel, Sandbox, call_of
from siyu.sandbox.server.faults import FaultKind
from siyu.sandbox.server.limits import Limit
from siyu.sandbox.server.youzan.asked import Asked
from siyu.sandbox.server.youzan.customers import Customers
from siyu.sandbox.server.youzan.errors import BusinessError, GatewayError, Row, TokenError
from siyu.sandbox.server.youzan.orders import Orders
from siyu.sandbox.server.youzan.salesmen import Salesmen
from siyu.sandbox.server.youzan.tokens import Tokens

NAME = "youzan"
KDT_ID = 160000001
LAG = timedelta(seconds=30)  # an event shows in lists and details so much later (CD 4.0.4)
LIMITS = (Limit(calls=50, seconds=1),)  # per app and API; made up, the platform publishes none for orders
POINTS_LIMITS = (Limit(calls=100, seconds=1),)


async def json_of(request: Request) -> Any:
    """The JSON of a body whose content type says so; None for anything else."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


Body = Annotated[Any, Depends(json_of)]


def apps_of(seed: str) -> tuple[App, ...]:
    """The apps, each with the shop's id."""
    self_use, tool = (made_up(NAME, label, seed=seed) for label in ("self_use", "tool"))
    refresh_token = hashlib.sha256(f"{seed}|{tool.app_id}|refresh".encode()).hexdigest()[:32]
    return (
        replace(self_use, grants={"kdt_id": str(KDT_ID)}),
        replace(tool, grants={"kdt_id": str(KDT_ID), "refresh_token": refresh_token}),
    )


def make_channel(sandbox: Sandbox) -> Channel:
    """The channel over a sandbox."""
    apps = apps_of(sandbox.seed)
    platform = Platform(sandbox, apps)
    router = APIRouter()

    @router.post("/auth/token")
    def token(request: Request, body: Body) -> JSONResponse:
        try:
            app, data = platform.tokens.asked_for(body)
        except TokenError as error:
            return JSONResponse({"success": False, "code": error.code, "message": str(error)})
        call_of(request).app = app.app_id
        return JSONResponse({"success": True, "code": 200, "data": data, "message": None})

    @router.api_route("/api/{path:path}", methods=["GET", "POST"])
    def api(path: str, request: Request, body: Body, access_token: str = "") -> JSONResponse:
        return JSONResponse(
            platform.answer(path, body, access_token, call_of(request), is_post=request.method == "POST")
        )

    return Channel(name=NAME, router=router, apps=apps, forget=platform.tokens.forget)


class Platform:
    """What stands behind the URLs."""

    def __init__(self, sandbox: Sandbox, apps: tuple[App, ...]) -> None:
        self._clock = sandbox.clock
        self._limits = sandbox.limits
        self.tokens = Tokens(sandbox.clock, apps, seed=sandbox.seed)
        orders = Orders(sandbox.world, kdt_id=KDT_ID)
        customers = Customers(sandbox.world)
        salesmen = Salesmen(sandbox.world)
        self._apis: dict[str, Callable[[Asked], Row]] = {
            "youzan.trades.sold.get/4.0.4": orders.sold,
            "youzan.trade.get/4.0.2": orders.one,
            "youzan.trade.refund.search/3.0.1": orders.refunds,
            "youzan.trade.refund.get/3.0.1": orders.refund,
            "youzan.scrm.customer.list/1.0.0": customers.listed,
            "youzan.scrm.customer.detail.get/1.0.1": customers.detail,
            "youzan.crm.customer.points.changelog.search/3.0.0": customers.points,
            "youzan.ump.coupon.search/3.0.0": customers.coupon_groups,
            "youzan.ump.activity.manage.voucher.search/3.0.1": customers.voucher_activities,
            "youzan.ump.coupon.consume.fetchlogs.get/3.0.0": customers.coupon_log,
            "youzan.salesman.accounts.get/3.0.0": salesmen.accounts,
            "youzan.salesman.trades.get/3.0.1": salesmen.trades,
            "youzan.salesman.trades.account.get/3.0.0": salesmen.of_order,
        }

    def answer(self, path: str, body: Any, access_token: str, call: Call, *, is_post: bool) -> Row:
        """The body of an answer, whatever it says; the status is 200 always."""
        trace_id = f"yz7-{uuid.uuid4().hex[:16]}"
        legacy = path.endswith("/3.0.0")
        try:
            asked = self._admitted(path, body, access_token, call, is_post=is_post)
            data = self._apis[path](asked)
        except GatewayError as error:
            return {"gw_err_resp": {"trace_id": trace_id, "err_msg": str(error), "err_code": error.code}}
        except BusinessError as error:
            if legacy:
                return {"error_response": {"code": error.code, "msg": str(error)}}
            return {
                "code": error.code,
                "success": False,
                "message": str(error),
                "data": None,
                "request_id": None,
            }
        if legacy:
            return {"response": data}
        return {"trace_id": trace_id, "code": 200, "success": True, "message": "successful", "data": data}

    def _admitted(self, path: str, body: Any, access_token: str, call: Call, *, is_post: bool) -> Asked:
        """The call, once name, form, token and rate limit allow it; the path is judged before the token (YS-err)."""
        kind = call.fault.kind if call.fault else None
        if path.count("/") != 1:
            raise GatewayError(4001, "the path must be name/version")
        if path not in self._apis:
            raise GatewayError(4005, "unknown api or version")
        if not is_post:
            raise GatewayError(4007, "method is not allowed")
        if not isinstance(body, dict):
            raise GatewayError(4004, "a JSON body is expected")
        if kind == FaultKind.TOKEN_EXPIRED:
            self.tokens.expire(access_token)
        if kind == FaultKind.TOKEN_REVOKED:
            self.tokens.revoke(access_token)
        app = self.tokens.holder(access_token)
        call.app = app.app_id
        if call.fault and kind == FaultKind.REFUSED:
            raise GatewayError(int(call.fault.options.get("code", 4204)), "no capability package")
        if kind == FaultKind.QUOTA_GONE:
            raise GatewayError(4101, "calls of this month are used up")
        limits = POINTS_LIMITS if ".points." in path else LIMITS
        fits = self._limits.take(NAME, app.app_id, path, limits=limits)
        if not fits or kind == FaultKind.RATE_LIMITED:
            raise GatewayError(4101, "too many calls")
        return Asked(body=body, now=self._clock.now() - LAG, fault=call.fault)
