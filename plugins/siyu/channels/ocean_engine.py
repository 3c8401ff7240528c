"""Ocean Engine 巨量引擎: what ads cost and brought, per day and project.

Contract: docs/channels/ocean_engine.md. Money is text in yuan, every metric is text, times are China time.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta

from siyu.channels.api.declare import (
    Account,
    Api,
    Ask,
    Connector,
    Presence,
    Request,
    Setting,
    Stream,
    Table,
    Window,
    WindowRule,
    column,
)
from siyu.channels.api.judging import AccountFailedError, Reaction, Trouble, by_code
from siyu.channels.api.paging import ByNumber
from siyu.channels.api.units import DAY, ID, INTEGER, TEXT, YUAN, china_text
from siyu.resources import Kind
from siyu.state.tokens import ConsentNeededError, Token

_CONSENT = "let a person consent again, and store the new refresh token with the account"

# OE-1696710760866831; 40105 as hyq0719's retry strategy treats it
_TROUBLES: dict[int | str, Trouble] = {
    40000: Trouble(reaction=Reaction.STOP_STREAM, meaning="parameter error", do="report this as a bug"),
    40002: Trouble(
        reaction=Reaction.STOP_STREAM,
        meaning="no permission for the account, or the secret is another app's",
        do="check in the console that the app is authorised for this advertiser, and its secret",
    ),
    40100: Trouble(reaction=Reaction.BACK_OFF, meaning="limit of the platform"),
    40110: Trouble(reaction=Reaction.BACK_OFF, meaning="limit of the developer"),
    40130: Trouble(reaction=Reaction.BACK_OFF, meaning="limit of this advertiser", seconds=2),
    40102: Trouble(reaction=Reaction.REFRESH, meaning="access token expired"),
    40104: Trouble(reaction=Reaction.REFRESH, meaning="access token empty or invalid"),
    40105: Trouble(reaction=Reaction.REFRESH, meaning="access token invalid"),
    40103: Trouble(reaction=Reaction.CONSENT, meaning="refresh token expired", do=_CONSENT),
    40107: Trouble(reaction=Reaction.CONSENT, meaning="refresh token invalid or used already", do=_CONSENT),
    40113: Trouble(reaction=Reaction.FAIL, meaning="state of the app", do="look at the app in the console"),
    40118: Trouble(reaction=Reaction.FAIL, meaning="the app may not call this", do="ask for the permission"),
    40119: Trouble(reaction=Reaction.FAIL, meaning="another company's account", do="check the account"),
    50000: Trouble(reaction=Reaction.BACK_OFF, meaning="system error"),
}

_DIMENSIONS = ("stat_time_day", "cdp_project_id", "cdp_project_name")
_METRICS = (
    "stat_cost",
    "show_cnt",
    "click_cnt",
    "convert_cnt",
    "attribution_work_wechat_added_count",
    "attribution_work_wechat_unfriend_count",
)


def _authorise(request: Request, account: Account, token: str | None, now: datetime) -> Request:  # noqa: ARG001
    """Header `Access-Token`; there is no signature."""
    return replace(request, headers={**request.headers, "Access-Token": token or ""})


def _fetch_token(account: Account, before: Token | None, ask: Ask, now: datetime) -> Token:
    """Refresh; with a code of a new consent, or a refresh token of one, where nothing is stored yet.

    Each refresh kills both old tokens (OE-1696710506097679).
    """
    if not account["app_id"].isdigit():
        raise AccountFailedError(
            f"ocean_engine account {account.name}: app_id is no number",
            expected="the number in the console of the open platform",
            do="mend the account's settings",
        )
    asked: dict[str, str | int] = {"app_id": int(account["app_id"]), "secret": account["secret"]}
    path = "/open_api/oauth2/refresh_token/"
    if before is not None and before.refresh is not None:
        asked["refresh_token"] = before.refresh
    elif account.settings.get("refresh_token"):
        asked["refresh_token"] = account["refresh_token"]
    elif account.settings.get("auth_code"):
        asked |= {"auth_code": account["auth_code"], "grant_type": "auth_code"}
        path = "/open_api/oauth2/access_token/"
    else:
        raise ConsentNeededError(
            f"ocean_engine account {account.name} has neither a stored token nor a consent",
            expected="auth_code or refresh_token among the account's settings",
            do=_CONSENT,
        )
    data = ask(Request(method="POST", path=path, params=asked, send="json")).document["data"]
    return Token(
        access=data["access_token"],
        issued_at=now,
        expires_at=now + timedelta(seconds=int(data["expires_in"])),
        refresh=data["refresh_token"],
        refresh_expires_at=now + timedelta(seconds=int(data["refresh_token_expires_in"])),
    )


def _custom_report(account: Account, window: Window) -> Request:
    """Arrays and objects are JSON text in the query (OE-1741387668314126); both days are included."""
    params: Mapping[str, str] = {
        "advertiser_id": account.name,
        "data_topic": "BASIC_DATA",
        "dimensions": json.dumps(_DIMENSIONS),
        "metrics": json.dumps(_METRICS),
        "filters": "[]",
        "order_by": json.dumps([{"field": "stat_time_day", "type": "ASC"}]),
        "start_time": china_text(window.start),
        "end_time": china_text(window.last_second),
    }
    return Request(method="GET", path="/open_api/v3.0/report/custom/get/", params=params)


CAMPAIGN_DAILY = Table(
    name="campaign_daily",
    kind=Kind.DAILY_STATS,
    key="project_id",
    within=("account_id", "stat_date"),
    happened="stat_date",
    not_negative=("cost_amount", "impression_count", "click_count"),
    columns=(
        column("stat_date", DAY, "dimensions.stat_time_day", "Business day of the figures.", required=True),
        column("project_id", ID, "dimensions.cdp_project_id", "Project, the unit of budget.", required=True),
        column("project_name", TEXT, "dimensions.cdp_project_name", "Name that a person gave the project."),
        column("cost_amount", YUAN, "metrics.stat_cost", "What was spent, in CNY.", required=True),
        column("impression_count", INTEGER, "metrics.show_cnt", "Times shown."),
        column("click_count", INTEGER, "metrics.click_cnt", "Clicks."),
        column("conversion_count", INTEGER, "metrics.convert_cnt", "Conversions as the project counts them."),
        column(
            "wecom_add_count",
            INTEGER,
            "metrics.attribution_work_wechat_added_count",
            "Contacts in WeCom that came of it.",
            presence=Presence.OPTIONAL,
        ),
        column(
            "wecom_unfriend_count",
            INTEGER,
            "metrics.attribution_work_wechat_unfriend_count",
            "Of those, contacts that left again.",
            presence=Presence.OPTIONAL,
        ),
    ),
    harmless=("metrics",),
)

CONNECTOR = Connector(
    channel="ocean_engine",
    settings=(
        Setting(name="app_id", doc="The app's id, a number."),
        Setting(name="secret", doc="The app's secret.", is_secret=True),
        Setting(
            name="auth_code",
            doc="Code of a consent, good for ten minutes and once; needed for the first token only.",
            is_secret=True,
            is_required=False,
        ),
        Setting(
            name="refresh_token",
            doc="Instead of a code: a refresh token that no other program uses.",
            is_secret=True,
            is_required=False,
        ),
    ),
    api=Api(
        base_url="https://api.oceanengine.com",
        authorise=_authorise,
        judge=by_code("code", _TROUBLES),
        fetch_token=_fetch_token,
        app="app_id",
        per_second=10,  # the true quota is in the developer's console only (OE-1696710758159360)
    ),
    streams=(
        Stream(
            name="campaign_daily",
            request=_custom_report,
            # at most 100 per page on the page of 2026-05, whatever other texts say
            paging=ByNumber(page="page", size="page_size", per_page=100, total="data.page_info.total_number"),
            items="data.rows",
            tables=(CAMPAIGN_DAILY,),
            window=WindowRule(most=timedelta(days=30), look_back=6),  # figures move for days
            ready_at=time(9),  # yesterday is stable about then
        ),
    ),
)
