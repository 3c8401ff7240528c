"""How TOP is called: signatures, sessions, and what its refusals mean.

Here: sources ERR, AUTH, LIFE and OT core of the contract. Not here: what is asked for (the package), what comes of it
(tables).
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from siyu.channels.api.declare import Account, Ask, Request
from siyu.channels.api.judging import Reaction, Trouble, known_trouble
from siyu.channels.api.units import china_text
from siyu.state.tokens import ConsentNeededError, Token

_TOKEN = "https://oauth.taobao.com/token"  # noqa: S105 - an address
_CONSENT = (
    "let the shop's owner authorise the app again, and put the new session among the account's settings"
)
_SECONDS = re.compile(r"(\d+) (?:more )?second")  # "This ban will last for 31062 more seconds"

# source ERR of the contract
_TROUBLES: dict[int, Trouble] = {
    7: Trouble(reaction=Reaction.BACK_OFF, meaning="too many calls"),
    10: Trouble(reaction=Reaction.BACK_OFF, meaning="service not available"),
    11: Trouble(reaction=Reaction.STOP_STREAM, meaning="no permission for this method"),
    12: Trouble(reaction=Reaction.STOP_STREAM, meaning="no permission of the shop's owner for this method"),
    13: Trouble(reaction=Reaction.STOP_STREAM, meaning="no permission of a partner for this method"),
    15: Trouble(reaction=Reaction.STOP_STREAM, meaning="refused by the service", do="report this as a bug"),
    25: Trouble(reaction=Reaction.FAIL, meaning="wrong signature", do="check app_secret"),
    26: Trouble(reaction=Reaction.REFRESH, meaning="session missing"),
    27: Trouble(reaction=Reaction.REFRESH, meaning="session invalid or expired"),
    28: Trouble(reaction=Reaction.FAIL, meaning="app key missing", do="check app_key"),
    29: Trouble(reaction=Reaction.FAIL, meaning="app key invalid", do="check app_key"),
    30: Trouble(reaction=Reaction.FAIL, meaning="time stamp missing", do="report this as a bug"),
    31: Trouble(reaction=Reaction.FAIL, meaning="time stamp invalid", do="set this machine's clock"),
    40: Trouble(reaction=Reaction.STOP_STREAM, meaning="argument missing", do="report this as a bug"),
    41: Trouble(reaction=Reaction.STOP_STREAM, meaning="argument invalid", do="report this as a bug"),
    43: Trouble(reaction=Reaction.STOP_STREAM, meaning="argument error", do="report this as a bug"),
}
_PERMISSIONS = (11, 12, 13)
_CALL_LIMIT, _DAILY = 7, "accesscontrol.limited-by-app-access-count"


def judge(document: Any) -> Trouble | None:
    """An error is `error_response` with a code and a sub code, under HTTP 200; a token's is an OAuth `error`."""
    if not isinstance(document, dict):
        return Trouble(reaction=Reaction.BACK_OFF, meaning="the reply is no JSON object")
    if "error" in document:
        return Trouble(reaction=Reaction.CONSENT, meaning="the token endpoint refuses", do=_CONSENT)
    error = document.get("error_response")
    if not isinstance(error, dict):
        return None
    code, sub_code = error.get("code"), str(error.get("sub_code") or "")
    known = known_trouble(code, _TROUBLES)
    if sub_code.startswith("isp."):
        known = Trouble(reaction=Reaction.BACK_OFF, meaning="a service behind it failed")
    elif code == _CALL_LIMIT:
        known = _limited(sub_code, str(error.get("sub_msg") or ""))
    elif code in _PERMISSIONS:
        do = "ask for the API package in the console, and let the owner authorise the app again"
        if "ip-whitelist" in sub_code:
            do = "add this machine's address to the app's list of addresses"
        known = replace(known, do=do)
    return replace(known, code=str(code)[:20])


def _limited(sub_code: str, text: str) -> Trouble:
    """A limit of calls. The text may say for how many seconds; where they are many, it is the day's quota."""
    if found := _SECONDS.search(text):
        return Trouble(reaction=Reaction.WAIT, meaning="limit of calls", seconds=float(found[1]))
    if sub_code == _DAILY:
        return Trouble(reaction=Reaction.QUOTA, meaning="the app's calls of the day are used up")
    return _TROUBLES[_CALL_LIMIT]


def signature(params: Mapping[str, str], secret: str) -> str:
    """`sign` by hmac-sha256: names and values in the order of names, nothing between them; upper-case hex."""
    joined = "".join(f"{name}{params[name]}" for name in sorted(params))
    return hmac.digest(secret.encode(), joined.encode(), "sha256").hex().upper()


def authorise(request: Request, account: Account, token: str | None, now: datetime) -> Request:
    """System parameters beside those of the method, all of them signed."""
    params = {name: str(value) for name, value in request.params.items()} | {
        "app_key": account["app_key"],
        "session": token or "",
        "timestamp": china_text(now),  # GMT+8, ten minutes off at most
        "format": "json",
        "v": "2.0",
        "sign_method": "hmac-sha256",
    }
    return replace(request, params={**params, "sign": signature(params, account["app_secret"])})


def fetch_token(account: Account, before: Token | None, ask: Ask, now: datetime) -> Token:
    """The session that a person put into the settings; refreshed where the app's sessions can be (AUTH, LIFE)."""
    given = _given(account, before, now)
    if before is not None and before.refresh is not None:
        try:
            return _asked_token(account, ask, now, grant_type="refresh_token", refresh_token=before.refresh)
        except ConsentNeededError:
            if given is None:
                raise
            return given  # a person has consented since
    if given is not None:
        return given
    if account.settings.get("code"):
        consent = {"code": account["code"], "redirect_uri": account["redirect_uri"]}
        return _asked_token(account, ask, now, grant_type="authorization_code", **consent)
    raise ConsentNeededError(
        f"taobao account {account.name} has no session that lives, and none that can be refreshed",
        expected="a session among the account's settings",
        do=_CONSENT,
    )


def _given(account: Account, before: Token | None, now: datetime) -> Token | None:
    """The session of the settings, unless it is the one that has ended."""
    session = account.settings.get("session")
    if not session or (before is not None and before.access == session):
        return None
    refresh = account.settings.get("refresh_token") or None
    return Token(access=session, issued_at=now, expires_at=None, refresh=refresh)


def _asked_token(account: Account, ask: Ask, now: datetime, **grant: str) -> Token:
    own = {"client_id": account["app_key"], "client_secret": account["app_secret"], "view": "web"}
    path = "/token" if account.base_url else _TOKEN  # a host of its own, save where somebody stands in for it
    data = ask(Request(method="POST", path=path, params=own | grant, send="form")).document
    life, refresh_life = int(data["expires_in"]), int(data.get("re_expires_in") or 0)
    return Token(
        access=data["access_token"],
        issued_at=now,
        expires_at=now + timedelta(seconds=life),
        refresh=data["refresh_token"] if refresh_life else None,  # 0: cannot be refreshed
        refresh_expires_at=now + timedelta(seconds=refresh_life) if refresh_life else None,
    )
