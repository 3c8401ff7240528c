"""How Youzan is called: tokens, and what its refusals mean.

Here: sources YS-auth and YS-err of the contract. Not here: what is asked for (the package), what comes (tables).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from siyu.channels.api.declare import Account, Ask, Request
from siyu.channels.api.judging import Reaction, Trouble, known_trouble
from siyu.state.tokens import ConsentNeededError, Token

_REFRESH_LIFE = timedelta(days=28)
_CONSENT = "let the shop's owner authorise the app again, and put the new code among the account's settings"

# codes of calls from YS-err, of tokens from YS-auth
_TROUBLES: dict[int, Trouble] = {
    4001: Trouble(reaction=Reaction.STOP_STREAM, meaning="no such path", do="report this as a bug"),
    4004: Trouble(reaction=Reaction.STOP_STREAM, meaning="the body is no JSON", do="report this as a bug"),
    4005: Trouble(reaction=Reaction.STOP_STREAM, meaning="no such API", do="report this as a bug"),
    4007: Trouble(reaction=Reaction.STOP_STREAM, meaning="content type or method", do="report this as a bug"),
    4201: Trouble(reaction=Reaction.REFRESH, meaning="token missing, or the grant is closed"),
    4202: Trouble(reaction=Reaction.REFRESH, meaning="token expired"),
    4203: Trouble(reaction=Reaction.REFRESH, meaning="token unknown"),
    4204: Trouble(
        reaction=Reaction.STOP_STREAM,
        meaning="the app lacks the capability package of this API",
        do="subscribe to it in the console",
    ),
    5000: Trouble(reaction=Reaction.BACK_OFF, meaning="a service behind it failed"),
    5001: Trouble(
        reaction=Reaction.STOP_STREAM, meaning="wrong type of a parameter", do="report this as a bug"
    ),
    106000001: Trouble(reaction=Reaction.BACK_OFF, meaning="time-out"),
    106100118: Trouble(reaction=Reaction.BACK_OFF, meaning="time-out"),
    142710032: Trouble(
        reaction=Reaction.STOP_STREAM, meaning="more than 10,000 rows asked for", do="report this as a bug"
    ),
    1000: Trouble(reaction=Reaction.FAIL, meaning="wrong client_id or client_secret", do="check both"),
    1004: Trouble(reaction=Reaction.CONSENT, meaning="the authorisation has expired", do=_CONSENT),
    1005: Trouble(reaction=Reaction.CONSENT, meaning="the code is wrong or used", do=_CONSENT),
    1103: Trouble(
        reaction=Reaction.FAIL,
        meaning="no such client, or it has no grant of this shop, or it is another app's",
        do="check client_id, the account's kdt_id, and in the console that the shop has authorised the app",
    ),
    1105: Trouble(
        reaction=Reaction.FAIL,
        meaning="wrong type of app",
        do="give a code or refresh_token to a tool app alone, and to a self-use app none",
    ),
} | dict.fromkeys(
    (4101, 500100004, 123000042, 141500203),
    Trouble(reaction=Reaction.BACK_OFF, meaning="limit of calls", seconds=3),
)
_FINE, _METHOD_OR_ADDRESS = 200, 4007


def judge(document: Any) -> Trouble | None:
    """The gateway, older APIs and newer ones have each their own way to refuse, all under HTTP 200."""
    if not isinstance(document, dict):
        return Trouble(reaction=Reaction.BACK_OFF, meaning="the reply is no JSON object")
    if isinstance(error := document.get("gw_err_resp"), dict):
        return _trouble(error.get("err_code"), str(error.get("err_msg")))
    if isinstance(error := document.get("error_response"), dict):
        return _trouble(error.get("code"), str(error.get("msg")))
    if "response" in document:
        return None
    if document.get("code") == _FINE and document.get("success") is True:
        return None  # on a failure `data` may hold empty lists, which are no "no rows"
    return _trouble(document.get("code"), str(document.get("message")))


def _trouble(code: Any, text: str) -> Trouble:
    if code is None:
        return Trouble(reaction=Reaction.BACK_OFF, meaning="the reply has no code")
    known = known_trouble(code, _TROUBLES)
    if code == _METHOD_OR_ADDRESS and "IP" in text:
        known = Trouble(
            reaction=Reaction.FAIL,
            meaning="calls from this address are not allowed",
            do="add this machine's address to the app's list of addresses in the console",
        )
    return replace(known, code=str(code)[:20])


def authorise(request: Request, account: Account, token: str | None, now: datetime) -> Request:  # noqa: ARG001
    """The token goes into the query and nowhere else; there is no signature."""
    return replace(request, query={**request.query, "access_token": token or ""})


def fetch_token(account: Account, before: Token | None, ask: Ask, now: datetime) -> Token:
    """A token of a self-use app by its secret; of a tool app by the newest refresh token, or by a consent."""
    own: dict[str, Any] = {"client_id": account["client_id"], "client_secret": account["client_secret"]}
    code, refresh = account.settings.get("code"), account.settings.get("refresh_token")
    if not code and not refresh:
        # a token that was refused or has ended is replaced; otherwise the one that lives is told again
        silent = {"authorize_type": "silent", "grant_id": account.name, "refresh": before is not None}
        return _asked_token(ask, own | silent, now)
    known = (before.refresh if before is not None else None, refresh)
    ways = [{"authorize_type": "refresh_token", "refresh_token": one} for one in dict.fromkeys(known) if one]
    if code:
        ways.append({"authorize_type": "authorization_code", "code": code})
    for way in ways[:-1]:
        try:
            return _asked_token(ask, own | way, now)
        except ConsentNeededError:
            continue  # a person may have consented since, and put the newer one into the settings
    return _asked_token(ask, own | ways[-1], now)


def _asked_token(ask: Ask, asked: dict[str, Any], now: datetime) -> Token:
    data = ask(Request(method="POST", path="/auth/token", params=asked, send="json")).document["data"]
    return Token(
        access=data["access_token"],
        issued_at=now,
        expires_at=datetime.fromtimestamp(int(data["expires"]) / 1000, UTC),  # a moment in milliseconds
        refresh=data.get("refresh_token"),
        refresh_expires_at=now + _REFRESH_LIFE if data.get("refresh_token") else None,
    )
