"""A WeCom composed from its contract: a token, and replies that a test writes for each path.

The lines it stands for: token WD-91039 and 41001 / 40014 of the error table; an errmsg as "Common rules" has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from siyu.channels.api import Account, Window, extract_window
from siyu.channels.api.calls import Patience
from siyu.channels.wecom import CONNECTOR
from siyu.landing import LoadRecord, create_raw_views
from siyu.landing.personal import open_keys
from siyu.settings import Home, Settings
from tests.channels.api.platform import Answer, Asked

CGI, CONTACT = "/cgi-bin", "/cgi-bin/externalcontact"
GUIDES, BATCH = f"{CONTACT}/get_follow_user_list", f"{CONTACT}/batch/get_by_user"
GROUP_LIST = f"{CONTACT}/groupchat/list"
CORP, SECRET = "ww0123456789abcdef", "s3cret-of-the-app"
NOW = datetime(2024, 7, 3, 4, 0, tzinfo=UTC)
DAY = Window(start=datetime(2024, 6, 30, 16, tzinfo=UTC), end=datetime(2024, 7, 1, 16, tzinfo=UTC))
QUICK = Patience(first_seconds=0.001, longest_seconds=0.01, tries=10, whole_seconds=20)

# "Sample (batch)" of the contract
FRIEND: dict[str, Any] = {
    "external_contact": {
        "external_userid": "wmAAA1",
        "name": "Lin",
        "type": 1,
        "gender": 2,
        "avatar": "http://wx.example/0",
        "unionid": "oUN1",
    },
    "follow_info": {
        "userid": "guide01",
        "remark": "Lin 138",
        "description": "",
        "createtime": 1718000000,
        "tag_id": ["etA1"],
        "remark_mobiles": ["13800000001"],
        "add_way": 1,
        "oper_userid": "wmAAA1",
        "state": "store12",
    },
}

Reply = Mapping[str, Any] | Callable[[Asked], Mapping[str, Any]]


def refused(code: int) -> dict[str, Any]:
    """An error as it comes under HTTP 200 ("Common rules", errmsg)."""
    more = f"more info at https://open.work.weixin.qq.com/devtool/query?e={code}"
    return {"errcode": code, "errmsg": f"not told, hint: [1719800000_1_abc], from ip: 10.9.8.7, {more}"}


@dataclass
class Corp:
    """The platform: what it answers by path (without errcode: fine), and one valid token at a time."""

    replies: dict[str, Reply]
    generation: int = 0
    dead: set[str] = field(default_factory=set)  # tokens invalidated early

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == f"{CGI}/gettoken":
            return Answer(document=self._token(asked))
        if "access_token" not in asked.query:
            return Answer(document=refused(41001))
        if (token := asked.query["access_token"]) != f"token-{self.generation}" or token in self.dead:
            return Answer(document=refused(40014))
        reply = self.replies[asked.path]
        return Answer(
            document={"errcode": 0, "errmsg": "ok"} | dict(reply(asked) if callable(reply) else reply)
        )

    def _token(self, asked: Asked) -> dict[str, Any]:
        if asked.query != {"corpid": CORP, "corpsecret": SECRET}:
            return refused(40001)
        self.generation += 1
        token = {"access_token": f"token-{self.generation}", "expires_in": 7200}
        return {"errcode": 0, "errmsg": "ok"} | token


def paged(rows: list[Any], items: str) -> Callable[[Asked], Any]:
    """Pages of at most `limit` rows with cursors; the last one has an empty next_cursor."""

    def reply(asked: Asked) -> dict[str, Any]:
        start = int((asked.body.get("cursor") or "c0")[1:])
        end = start + asked.body["limit"]
        return {items: rows[start:end], "next_cursor": f"c{end}" if end < len(rows) else ""}

    return reply


def account(url: str, **settings: str | Path) -> Account:
    values = {"secret": SECRET} | {name: str(value) for name, value in settings.items()}
    return Account(name=CORP, brand_code="default", channel_code="wecom", base_url=url, settings=values)


def extract(home: Home, url: str, stream: str, **more: Any) -> LoadRecord:
    return extract_window(
        home,
        Settings(duckdb_threads=1, duckdb_memory_limit="500MB"),
        CONNECTOR,
        more.pop("account", None) or account(url),
        stream,
        more.pop("window", DAY),
        clock=lambda: NOW,
        patience=QUICK,
    )


def landed(home: Home, resource: str, columns: str) -> list[tuple[Any, ...]]:
    """Columns of a raw view, sorted; verified first, as before a build."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home, declared={"wecom": {resource: CONNECTOR.resources[resource]}})
        return sorted(connection.sql(f"select {columns} from raw.wecom__{resource}").fetchall(), key=repr)  # noqa: S608


def friend(number: int, guide: str = "guide01") -> dict[str, Any]:
    return {
        "external_contact": FRIEND["external_contact"] | {"external_userid": f"wmAAA{number}"},
        "follow_info": FRIEND["follow_info"] | {"userid": guide},
    }


def friends_of_guide01(friends: list[Any]) -> dict[str, Any]:
    return {GUIDES: {"follow_user": ["guide01"]}, BATCH: paged(friends, "external_contact_list")}


def token_of(home: Home, kind: str, value: str) -> str:
    return open_keys(home).tokenizer.token(kind, value)


def utc(*parts: int) -> datetime:
    """A moment as raw has it: UTC without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)
