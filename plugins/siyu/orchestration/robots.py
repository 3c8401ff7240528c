"""How a message reaches people: one address after the other through apprise, in bounded time, without telling secrets.

Here: addresses and one delivery. Not here: what is said, and what is kept until it has arrived (alerts, outbox).

The robots of WeCom, DingTalk and Feishu answer 200 also when they refuse, with the reason in the body, and apprise
looks at the status alone; Feishu's signature it does not know. To these four we post ourselves, from what apprise
read out of the address.
"""

import base64
import hashlib
import hmac
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from siyu.clock import utc_now
from siyu.settings import Home

ADDRESSES_VARIABLE = "SIYU_NOTIFY_URLS"
TIMEOUT_SECONDS = 10.0  # to connect, and for each read
_WECOM_BYTES = 2048  # longer texts it refuses
# at debug level they write down where they post to, and the address is the secret
_TALKATIVE = ("apprise", "requests", "urllib3")


@dataclass(frozen=True, kw_only=True)
class _Post:
    """What a chat robot is sent, and the key of its answer that must be 0."""

    url: str
    content: dict[str, Any]
    code: str


def addresses(home: Home, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The apprise URLs to tell: of `SIYU_NOTIFY_URLS` (between blanks), else one per line of `keys/notify`.

    Lines that start with `#` are remarks. Nothing configured: empty.
    """
    if (listed := environment.get(ADDRESSES_VARIABLE)) is not None:
        return tuple(dict.fromkeys(listed.split()))
    file = home.keys / "notify"
    if not file.exists():
        return ()
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def described(address: str) -> str:
    """An address without its secret: the service alone, e.g. `wecombot`."""
    return (
        urlsplit(address).scheme or "an address without a scheme"
        if "://" in address
        else "not an apprise URL"
    )


def send(address: str, *, title: str, body: str) -> bool:
    """Deliver one message; False when it did not arrive, for whatever reason.

    Connecting and each read end after `TIMEOUT_SECONDS`; a server that answers byte by byte can take longer.
    """
    import apprise  # half a second that only a message needs

    _silence()
    # without a time of its own it is called in our thread: apprise's pool has few, and robots that hang keep them all
    robot = apprise.Apprise.instantiate(address, asset=apprise.AppriseAsset(service_timeout=0))
    if not isinstance(robot, apprise.NotifyBase):
        return False
    if (post := _post_of(robot, f"{title}\n{body}", address)) is not None:
        return _accepted(post)
    robot.socket_connect_timeout = robot.socket_read_timeout = TIMEOUT_SECONDS
    messenger = apprise.Apprise()
    messenger.add(robot)
    return bool(messenger.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT))


def _post_of(robot: Any, text: str, address: str) -> _Post | None:
    from apprise.plugins.dingtalk import NotifyDingTalk
    from apprise.plugins.feishu import NotifyFeishu
    from apprise.plugins.lark import NotifyLark
    from apprise.plugins.wecombot import NotifyWeComBot

    if isinstance(robot, NotifyWeComBot):
        short = text.encode()[:_WECOM_BYTES].decode(errors="ignore")
        return _Post(
            url=robot.api_url, content={"msgtype": "text", "text": {"content": short}}, code="errcode"
        )
    if isinstance(robot, NotifyDingTalk):
        url = robot.notify_url.format(token=robot.token)
        if robot.secret:
            timestamp, signature = robot.get_signature()  # type: ignore[no-untyped-call]
            url += f"&timestamp={timestamp}&sign={signature}"
        at = {"atMobiles": robot.targets, "isAtAll": False}
        return _Post(
            url=url, content={"msgtype": "text", "at": at, "text": {"content": text}}, code="errcode"
        )
    if isinstance(robot, NotifyFeishu | NotifyLark):
        url = (
            robot.webhook_url if isinstance(robot, NotifyLark) else robot.notify_url.format(token=robot.token)
        )
        content = {"msg_type": "text", "content": {"text": text}} | _feishu_signature(address)
        return _Post(url=url.rstrip("/"), content=content, code="code")
    return None


def _feishu_signature(address: str) -> dict[str, str]:
    """Timestamp and sign of a robot with a signature: `feishu://TOKEN?secret=SECRET`; without one, nothing."""
    asked = dict(pair.partition("=")[::2] for pair in urlsplit(address).query.split("&"))
    if not (secret := unquote(asked.get("secret", ""))):
        return {}
    timestamp = f"{utc_now().timestamp():.0f}"
    # Feishu signs an empty text; what is signed elsewhere is its key
    digest = hmac.new(f"{timestamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


def _accepted(post: _Post) -> bool:
    request = Request(  # noqa: S310 - apprise's own https address of the service
        post.url, data=json.dumps(post.content).encode(), headers={"Content-Type": "application/json"}
    )
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            said = json.loads(answer.read(65_536))
    except (OSError, ValueError, HTTPException):  # their texts may hold the address
        return False
    return isinstance(said, dict) and said.get(post.code) == 0


def _silence() -> None:
    """Keep those loggers quiet for the rest of the process: a delivery may still run when its time is over."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
