"""Customer groups (wecom_core.md, "Group chats")."""

import hashlib
from typing import Any

from siyu.sandbox.server.wecom.asked import Asked
from siyu.sandbox.server.wecom.errors import bad_parameter
from siyu.sandbox.server.world import Row

MEMBERS = """
    select
        group_members.*,
        epoch(group_members.joined_at)::bigint as join_time,
        staff.wecom_userid as userid,
        staff.name as staff_name,
        accounts.wecom_external_userid as external_userid,
        accounts.name as account_name,
        accounts.unionid,
        inviters.wecom_userid as invitor
    from group_members
    left join staff on group_members.staff_id = staff.staff_id
    left join accounts on group_members.account_id = accounts.account_id
    left join staff as inviters on group_members.invited_by_staff_id = inviters.staff_id
    where
        group_members.group_id = $group_id
        and group_members.joined_at <= $t
        and (group_members.left_at is null or group_members.left_at > $t)
    order by group_members.member_no
"""


def list_groups(asked: Asked) -> dict[str, Any]:
    """Groups by status and owner (ZW, WxJ); dissolved ones are gone."""
    status = asked.integer("status_filter", 0, high=3)
    owners = asked.owners()
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            """
            select * from wecom_groups($t, $day, $range)
            where
                group_id > $after
                and ($status = 0 or status = $status)
                and ($owners is null or list_contains($owners, owner))
            order by group_id
            limit $count
            """,
            after=after,
            count=count,
            status=status,
            owners=owners,
        ),
        key="group_id",
        limit=asked.integer("limit", low=1, high=1000),
        show=lambda rows: [{"chat_id": row["wecom_chat_id"], "status": row["status"]} for row in rows],
    )
    return {"group_chat_list": rows, "next_cursor": next_cursor}


def get_group(asked: Asked) -> dict[str, Any]:
    """One group with its members (WxJ)."""
    found = asked.rows(
        "select * from wecom_groups($t, $day, $range) where wecom_chat_id = $chat_id",
        chat_id=asked.text("chat_id"),
    )
    if not found:
        raise bad_parameter("chat_id is not known")
    group, with_names = found[0], asked.integer("need_name", 0, high=1) == 1
    members = asked.rows(MEMBERS, group_id=group["group_id"])
    version = ",".join(str(row["member_no"]) for row in members)
    return {
        "group_chat": {
            "chat_id": group["wecom_chat_id"],
            "name": group["name"],
            "owner": asked.ids.userid(group["owner"]),
            "create_time": group["create_time"],
            "notice": "",
            "member_version": hashlib.md5(version.encode(), usedforsecurity=False).hexdigest(),
            "admin_list": [],
            "member_list": [_member(asked, row, with_names) for row in members],
        }
    }


def _member(asked: Asked, row: Row, with_names: bool) -> dict[str, Any]:
    is_staff = row["staff_id"] is not None
    shown = asked.ids.userid(row["userid"]) if is_staff else asked.ids.external(row["external_userid"])
    member: dict[str, Any] = {
        "userid": shown,
        "type": 1 if is_staff else 2,
        "join_time": row["join_time"],
        "join_scene": row["join_scene"],
        "group_nickname": "",
    }
    if row["unionid"]:
        member["unionid"] = row["unionid"]
    if row["state"]:
        member["state"] = row["state"]
    if row["invitor"]:
        member["invitor"] = {"userid": asked.ids.userid(row["invitor"])}
    if with_names:
        member["name"] = (row["staff_name"] if is_staff else row["account_name"]) or ""
    return member


ENDPOINTS = {
    "POST /cgi-bin/externalcontact/groupchat/list": list_groups,
    "POST /cgi-bin/externalcontact/groupchat/get": get_group,
}
