"""Group chats and who is in them."""

from collections.abc import Iterator
from typing import Any

from siyu.channels.api.declare import Request, Stream, Table, column
from siyu.channels.api.judging import ItemRefusedError
from siyu.channels.api.paging import PerItem, Reader
from siyu.channels.api.units import EPOCH, ID, INTEGER, TEXT
from siyu.channels.wecom.parts import CONTACT, OPTIONAL, cursor, every, guides, posting, staff, unionid
from siyu.resources import Kind, Personal

_LIST = f"{CONTACT}/groupchat/list"
_OWNERS_AT_ONCE = 100

GROUP_STATES = Table(
    name="group_states",
    kind=Kind.SNAPSHOT,
    key="chat_id",
    within=("account_id",),
    columns=(
        column("chat_id", ID, "chat_id", "Group chat.", required=True),
        column(
            "group_status",
            INTEGER,
            "status",
            "0 normal, 1 owner has left, 2 being handed over, 3 handed over.",
        ),
    ),
)

_CHAT = "group_chat"

GROUPS = Table(
    name="groups",
    kind=Kind.SNAPSHOT,
    key="chat_id",
    within=("account_id",),
    columns=(
        column("chat_id", ID, f"{_CHAT}.chat_id", "Group chat.", required=True),
        column("group_name", TEXT, f"{_CHAT}.name", "Name of the group."),
        staff(f"{_CHAT}.owner", "Owner.", "owner_userid"),
        column("created_at", EPOCH, f"{_CHAT}.create_time", "When it was made.", required=True),
    ),
    ignored=(
        "errcode",
        "errmsg",
        *(f"{_CHAT}.{name}" for name in ("notice", "member_version", "admin_list")),
    ),
)

GROUP_MEMBERS = Table(
    name="group_members",
    kind=Kind.SNAPSHOT,
    key="chat_id",
    within=("account_id",),
    rows=f"{_CHAT}.member_list",
    columns=(
        column("chat_id", ID, f"^.{_CHAT}.chat_id", "Group chat.", required=True),
        column(
            "member_id",
            ID,
            "userid",
            "The member: an external_userid, or with member_type 1 an employee's userid.",
            required=True,
            personal=Personal.IDENTIFIER,
            identifier="external_userid",
        ),
        column("member_type", INTEGER, "type", "1 employee, 2 external.", required=True),
        unionid("unionid", presence=OPTIONAL),
        column("joined_at", EPOCH, "join_time", "When the member came."),
        column("join_scene", INTEGER, "join_scene", "1 invited, 2 link, 3 QR code."),
        staff("invitor.userid", "Who invited.", "inviter_userid", presence=OPTIONAL),
        column("state", TEXT, "state", "Channel parameter of the code.", presence=OPTIONAL),
    ),
    ignored=("group_nickname", "name"),
)


def owner_filters(reader: Reader) -> list[dict[str, Any]]:
    """All owners at once; where there are too many for that (81017), the guides by the hundred."""
    try:
        reader.ask(Request(method="POST", path=_LIST, params={"limit": 1}, send="json"), "group_chat_list")
    except ItemRefusedError:
        owners = guides(reader)
        return [
            {"owner_filter": {"userid_list": owners[start : start + _OWNERS_AT_ONCE]}}
            for start in range(0, len(owners), _OWNERS_AT_ONCE)
        ]
    return [{}]


def _each_group(reader: Reader) -> Iterator[dict[str, str]]:
    for owners in owner_filters(reader):
        request = Request(method="POST", path=_LIST, params=owners, send="json")
        for group in every(reader, request, "group_chat_list", "chat_id"):
            yield {"chat_id": group["chat_id"]}


STREAMS = (
    Stream(
        name="group_states",
        request=posting(_LIST),
        paging=PerItem(each=owner_filters, inner=cursor(1000)),
        items="group_chat_list",
        tables=(GROUP_STATES,),
    ),
    Stream(
        name="groups",
        request=posting(f"{CONTACT}/groupchat/get", need_name=0),
        paging=PerItem(each=_each_group),
        items="",
        tables=(GROUPS, GROUP_MEMBERS),
    ),
)
