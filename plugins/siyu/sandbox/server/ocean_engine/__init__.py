"""Ocean Engine 巨量引擎 as the contract page ads, section 1, has it, over the ad campaigns of the world.

`consents` hands out and judges tokens, `asked` judges parameters, `report` does the arithmetic. Two apps: `main` may
read every advertiser, `narrow` the first one alone. Figures of a day move until 09:00 of the next.

Not served: hours, materials and cities, which the world does not know.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, RedirectResponse

from siyu.sandbox.server.apps import App, made_up
from siyu.sandbox.server.channel import Call, Channel, Sandbox, call_of
from siyu.sandbox.server.faults import FaultKind, drifted
from siyu.sandbox.server.limits import Limit
from siyu.sandbox.server.ocean_engine.asked import Asked
from siyu.sandbox.server.ocean_engine.consents import ACCESS_SECONDS, REFRESH_SECONDS, Consents, Pair
from siyu.sandbox.server.ocean_engine.errors import OceanError, refuse
from siyu.sandbox.server.ocean_engine.report import (
    DIMENSIONS,
    METRIC_NAMES,
    counted_so_far,
    matches,
    next_day_at,
    ordered,
    shown,
    summed,
)
from siyu.sandbox.server.pages import Page, page_of
from siyu.sandbox.server.shown import yuan
from siyu.sandbox.server.world import Row

NAME = "oceanengine"
# Made up: the console alone shows a developer's quota. The advertiser's limit is asked first, and a refusal there does
# not use up the developer's (OE-1696710758159360).
ADVERTISER_LIMITS = (Limit(calls=20, seconds=1),)
DEVELOPER_LIMITS = (Limit(calls=40, seconds=1),)
LONGEST_SPAN = timedelta(days=30)
MOST_BOOKED = 10_000  # fund/daily_stat: page times page_size
BOOKED = time(8)  # of the next day in China: its bookkeeping row appears (OE-1696710526682112)

DAYS = """
select ad_days.*, project_id, project_name, promotion_id, promotion_name
from ad_days
inner join ad_campaigns using (ad_campaign_id)
where advertiser_id = $advertiser_id and stat_on between $first_day and $last_day
order by stat_on, ad_campaign_id
"""


async def json_of(request: Request) -> Row:
    """The JSON object of a body; anything else counts as an empty one."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


Body = Annotated[dict[str, Any], Depends(json_of)]
AccessToken = Annotated[str, Header(alias="Access-Token")]


def apps_of(seed: str) -> tuple[App, ...]:
    """The apps, each with the code of a consent that nobody has used yet."""

    def consented(label: str) -> App:
        app = made_up(NAME, label, seed=seed, digits=16)
        code = hashlib.sha256(f"{seed}|{app.app_id}|auth_code".encode()).hexdigest()[:40]
        return replace(app, grants={"auth_code": code})

    return consented("main"), consented("narrow")


def answered(handle: Callable[[], Row]) -> JSONResponse:
    """What a handler found, or its refusal, under HTTP 200."""
    request_id = uuid.uuid4().hex
    try:
        return JSONResponse({"code": 0, "message": "OK", "request_id": request_id, "data": handle()})
    except OceanError as error:
        return JSONResponse({"code": error.code, "message": str(error), "request_id": request_id, "data": {}})


def make_channel(sandbox: Sandbox) -> Channel:
    """The channel over a sandbox."""
    apps = apps_of(sandbox.seed)
    platform = Platform(sandbox, apps)
    router = APIRouter()

    @router.get("/openapi/audit/oauth.html")
    def consent(app_id: str, redirect_uri: str, state: str = "") -> RedirectResponse:
        query = urlencode({"auth_code": platform.consents.consent(app_id), "state": state})
        return RedirectResponse(f"{redirect_uri}?{query}", status_code=302)

    @router.post("/open_api/oauth2/access_token/")
    def access_token(request: Request, body: Body) -> JSONResponse:
        return answered(lambda: platform.first_tokens(body, call_of(request)))

    @router.post("/open_api/oauth2/refresh_token/")
    def refresh_token(request: Request, body: Body) -> JSONResponse:
        return answered(lambda: platform.next_tokens(body, call_of(request)))

    for path, read in (
        ("/oauth2/advertiser/get/", platform.advertisers),
        ("/v3.0/report/custom/get/", platform.report),
        ("/v3.0/report/custom/config/get/", platform.report_config),
        ("/2/advertiser/fund/daily_stat/", platform.booked_costs),
    ):
        router.add_api_route(f"/open_api{path}", platform.reading(read), methods=["GET"])

    return Channel(name=NAME, router=router, apps=apps, forget=platform.consents.forget)


class Platform:
    """What stands behind the URLs."""

    def __init__(self, sandbox: Sandbox, apps: tuple[App, ...]) -> None:
        self._world = sandbox.world
        self._clock = sandbox.clock
        self._limits = sandbox.limits
        self._apps = {app.app_id: app for app in apps}
        self.consents = Consents(sandbox.clock, apps, seed=sandbox.seed)

    def first_tokens(self, body: Row, call: Call) -> Row:
        """oauth2/access_token: a pair for a code."""
        app = self._proven(body, call)
        return self._handed_out(app, self.consents.redeem(app.app_id, str(body.get("auth_code", ""))))

    def next_tokens(self, body: Row, call: Call) -> Row:
        """oauth2/refresh_token: a pair for a refresh token; both old tokens are dead from then on."""
        app = self._proven(body, call)
        return self._handed_out(app, self.consents.refresh(app.app_id, str(body.get("refresh_token", ""))))

    def reading(self, read: Callable[[Asked], Row]) -> Callable[..., JSONResponse]:
        """A handler that admits the call before it reads."""

        def handle(request: Request, token: AccessToken = "") -> JSONResponse:
            return answered(lambda: read(self._admitted(token, request, call_of(request))))

        return handle

    def advertisers(self, asked: Asked) -> Row:
        """oauth2/advertiser/get: accounts that the consent covers."""
        rows = [
            {
                "advertiser_id": advertiser_id,
                "advertiser_name": f"沙盒广告主{number}",
                "account_role": "ADVERTISER",
                "is_valid": True,
                "company_list": [],
            }
            for number, advertiser_id in enumerate(asked.advertisers, start=1)
        ]
        return {"list": drifted(rows, asked.fault)}

    def report(self, asked: Asked) -> Row:
        """v3.0/report/custom/get: sums of what was asked for, by what was asked for; no row without impressions."""
        _only_basic_data([asked.query.get("data_topic", "BASIC_DATA")])
        advertiser_id = asked.advertiser()
        dimensions, metrics = asked.names("dimensions", DIMENSIONS), asked.names("metrics", METRIC_NAMES)
        first_day, last_day = asked.day("start_time"), asked.day("end_time")
        if not timedelta() <= last_day - first_day <= LONGEST_SPAN:
            refuse(40000, "start_time and end_time: a span of at most 30 days")
        number, size = asked.page(most=100)
        groups: dict[tuple[str, ...], list[Row]] = {}
        for day in self._days(advertiser_id, first_day, last_day):
            day = counted_so_far(day, asked.now)  # noqa: PLW2901 - the row as it stands
            if day["impressions"]:
                groups.setdefault(tuple(str(day[DIMENSIONS[name]]) for name in dimensions), []).append(day)
        filters = asked.objects("filters")
        kept = [
            (row, days)
            for key, days in groups.items()
            for row in [
                {
                    "dimensions": dict(zip(dimensions, key, strict=True)),
                    "metrics": shown(summed(days), metrics),
                }
            ]
            if matches(row, filters)
        ]
        rows = ordered([row for row, _ in kept], asked.objects("order_by"))
        page = page_of(rows, number=number, size=size, fault=asked.fault)
        return {
            "rows": drifted([*page.rows], asked.fault),
            "total_metrics": shown(summed([day for _, days in kept for day in days]), metrics),
            "page_info": _page_info(page, number, size),
        }

    def report_config(self, asked: Asked) -> Row:
        """v3.0/report/custom/config/get: what may be asked for."""
        asked.advertiser()
        _only_basic_data(asked.array("data_topics"))
        dimensions = [{"field": name, "exclusion_dims": [], "exclusion_metrics": []} for name in DIMENSIONS]
        metrics = [
            {"field": field, "name": name, "exclusion_dims": [], "exclusion_metrics": [], "filter_config": {}}
            for field, name in METRIC_NAMES.items()
        ]
        return {"list": [{"data_topic": "BASIC_DATA", "dimensions": dimensions, "metrics": metrics}]}

    def booked_costs(self, asked: Asked) -> Row:
        """2/advertiser/fund/daily_stat: booked cost per day, from 08:00 of the next day on."""
        advertiser_id = asked.advertiser()
        first_day, last_day = asked.day("start_date"), asked.day("end_date")
        if not timedelta() <= last_day - first_day <= timedelta(days=365):
            refuse(40000, "start_date and end_date: a span of at most one year")
        number, size = asked.page(most=MOST_BOOKED)
        if number * size > MOST_BOOKED:
            refuse(40000, f"page times page_size: at most {MOST_BOOKED}")
        costs: dict[date, int] = {}
        for day in self._days(advertiser_id, first_day, last_day):
            if asked.now >= next_day_at(day["stat_on"], BOOKED):
                costs[day["stat_on"]] = costs.get(day["stat_on"], 0) + day["cost_fen"]
        rows = [
            {"advertiser_id": advertiser_id, "date": day.isoformat(), "cost": yuan(fen)}
            for day, fen in costs.items()
        ]
        page = page_of(rows, number=number, size=size, fault=asked.fault)
        return {"list": drifted([*page.rows], asked.fault), "page_info": _page_info(page, number, size)}

    def _proven(self, body: Row, call: Call) -> App:
        app = self._apps.get(str(body.get("app_id", "")))
        if app is None or body.get("secret") != app.secret:
            refuse(40002, "app_id or secret is wrong")
        call.app = app.app_id
        return app

    def _handed_out(self, app: App, pair: Pair) -> Row:
        return {
            "access_token": pair.access,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": pair.refresh,
            "refresh_token_expires_in": REFRESH_SECONDS,
            "advertiser_ids": self._advertisers_of(app),
        }

    def _admitted(self, token: str, request: Request, call: Call) -> Asked:
        """The call, once token and rate limits allow it."""
        kind = call.fault.kind if call.fault else None
        if kind == FaultKind.TOKEN_EXPIRED:
            self.consents.expire(token)
        if kind == FaultKind.TOKEN_REVOKED:
            self.consents.revoke(token)
        app = self._apps[self.consents.holder(token)]
        call.app = app.app_id
        if call.fault and kind == FaultKind.REFUSED:
            refuse(int(call.fault.options.get("code", 40002)), "refused")
        if kind == FaultKind.QUOTA_GONE:
            refuse(40100, "the platform is busy, try again later")
        advertiser_id = request.query_params.get("advertiser_id", "")
        if not self._limits.take(NAME, "advertiser", advertiser_id, limits=ADVERTISER_LIMITS):
            refuse(40130, "QPS limit of this advertiser")
        fits = self._limits.take(NAME, "developer", app.app_id, limits=DEVELOPER_LIMITS)
        if not fits or kind == FaultKind.RATE_LIMITED:
            refuse(40110, "QPS limit of this developer")
        return Asked(
            query=request.query_params,
            advertisers=self._advertisers_of(app),
            now=self._clock.now(),
            fault=call.fault,
        )

    def _advertisers_of(self, app: App) -> list[int]:
        found = self._world.rows("select distinct advertiser_id from ad_campaigns order by advertiser_id")
        ids = [int(row["advertiser_id"]) for row in found]
        return ids if app.label == "main" else ids[:1]

    def _days(self, advertiser_id: int, first_day: date, last_day: date) -> list[Row]:
        return self._world.rows(DAYS, advertiser_id=advertiser_id, first_day=first_day, last_day=last_day)


def _only_basic_data(topics: list[Any]) -> None:
    if topics != ["BASIC_DATA"]:
        refuse(40000, "data_topic: only BASIC_DATA is served here")


def _page_info(page: Page[Row], number: int, size: int) -> dict[str, int]:
    pages = max(-(-page.total // size), number + 1 if page.has_next else 0)
    return {"page": number, "page_size": size, "total_number": page.total, "total_page": pages}
