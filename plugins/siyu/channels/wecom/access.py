"""How WeCom is called: credentials, the token, and what its codes mean for us.

An account is named by its corp id. A corp has one token per app, so one app reads everything here.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from siyu.channels.api.declare import Account, Api, Ask, Request, Setting
from siyu.channels.api.judging import Reaction, Trouble, by_code
from siyu.state.tokens import Token

SETTINGS = (
    Setting(
        name="secret", doc="Secret of a self-built app that may call 客户联系 and 对外收款.", is_secret=True
    ),
    Setting(
        name="unionids_file",
        doc="CSV with the columns unionid and openid of one mini program or official account, to be converted.",
        is_required=False,
    ),
    Setting(
        name="transfers_file",
        doc="CSV with the columns handover_userid and takeover_userid: whose transfers are asked for.",
        is_required=False,
    ),
)

_BUG = "report this as a bug"


def _wrong_secret(meaning: str) -> Trouble:
    return Trouble(
        reaction=Reaction.FAIL,
        meaning=meaning,
        do="compare corp id (the account's name) and secret with the admin console",
    )


def _not_allowed(meaning: str) -> Trouble:
    return Trouble(
        reaction=Reaction.STOP_STREAM,
        meaning=meaning,
        do="add the app to 可调用接口的应用 of 客户联系, or of 对外收款 for payments",
    )


_TROUBLES: dict[int | str, Trouble] = {  # "Error → reaction" of the contract
    -1: Trouble(reaction=Reaction.BACK_OFF, meaning="busy"),
    40014: Trouble(reaction=Reaction.REFRESH, meaning="token invalid"),
    42001: Trouble(reaction=Reaction.REFRESH, meaning="token expired"),
    40001: _wrong_secret("wrong secret"),
    40013: _wrong_secret("wrong corp id"),
    40091: _wrong_secret("wrong secret"),
    40058: Trouble(reaction=Reaction.STOP_STREAM, meaning="a parameter is wrong or too long", do=_BUG),
    40096: Trouble(reaction=Reaction.SKIP_ITEM, meaning="unknown external_userid"),
    41001: Trouble(reaction=Reaction.STOP_STREAM, meaning="token missing", do=_BUG),
    41063: Trouble(reaction=Reaction.WAIT, meaning="the message is still being dispatched", seconds=60),
    45009: Trouble(reaction=Reaction.WAIT, meaning="called too often", seconds=60),
    45029: Trouble(reaction=Reaction.STOP_STREAM, meaning="the reply would be too large", do=_BUG),
    45033: Trouble(reaction=Reaction.BACK_OFF, meaning="too many calls at once", seconds=1),
    48001: _not_allowed("the app may not call this"),
    48002: _not_allowed("the app may not call this"),
    60011: Trouble(reaction=Reaction.SKIP_ITEM, meaning="outside the app's visible range"),
    60020: Trouble(
        reaction=Reaction.FAIL,
        meaning="this machine's address is not trusted",
        do="add it to 企业可信IP of the app; that takes a minute to work",
    ),
    60111: Trouble(reaction=Reaction.SKIP_ITEM, meaning="the employee has left the address book"),
    81013: Trouble(reaction=Reaction.SKIP_ITEM, meaning="nobody there, or no right to them"),
    81017: Trouble(reaction=Reaction.SKIP_ITEM, meaning="too many owners for one request"),
    84061: Trouble(reaction=Reaction.SKIP_ITEM, meaning="no contact relation"),
    600018: Trouble(
        reaction=Reaction.STOP_STREAM,
        meaning="a time that the platform does not take",
        do="ask for days that the platform still keeps",
    ),
    701008: Trouble(
        reaction=Reaction.SKIP_ITEM, meaning="no interconnect licence", do="buy one for the account"
    ),
}
_BY_TABLE = by_code("errcode", _TROUBLES)
_KNOWN = frozenset(str(code) for code in _TROUBLES)


def _judge(document: Any) -> Trouble | None:
    """By the table; the code of a void cursor is not documented, so any other code may be it: begin anew, once."""
    trouble = _BY_TABLE(document)
    if trouble is None or not trouble.code or trouble.code in _KNOWN:
        return trouble
    return replace(trouble, reaction=Reaction.RESTART)


def _authorise(request: Request, account: Account, token: str | None, now: datetime) -> Request:  # noqa: ARG001
    """Query `access_token` (41001 without it); there is no signature."""
    return replace(request, query={**request.query, "access_token": token or ""})


def _fetch_token(account: Account, before: Token | None, ask: Ask, now: datetime) -> Token:  # noqa: ARG001
    """One token per secret, for `expires_in` seconds at most (WD-91039)."""
    credentials = {"corpid": account.name, "corpsecret": account["secret"]}
    reply = ask(Request(method="GET", path="/cgi-bin/gettoken", query=credentials)).document
    return Token(
        access=reply["access_token"],
        issued_at=now,
        expires_at=now + timedelta(seconds=int(reply["expires_in"])),
    )


API = Api(
    base_url="https://qyapi.weixin.qq.com",
    authorise=_authorise,
    judge=_judge,
    fetch_token=_fetch_token,
    per_second=41,  # 150,000 an hour per corp and API; the 10,000 a minute are looser (WD-90454)
)
