"""External contacts and the conversion of ids (wecom_core.md, "Contacts", "ID mapping")."""

import hashlib
from typing import Any

from siyu.sandbox.server.wecom.asked import DAY, Asked, listed_texts
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.wecom.tags import detailed, tags_of
from siyu.sandbox.server.world import Row

UNIONID_TO_EXTERNAL_USERID = "/cgi-bin/idconvert/unionid_to_external_userid"
PENDING_DAYS = 90


def follow_users(asked: Asked) -> dict[str, Any]:
    """Employees who may have customers (QQ WD-92571)."""
    rows = asked.rows("select userid from wecom_visible_staff($range) order by staff_id")
    return {"follow_user": [asked.ids.userid(row["userid"]) for row in rows]}


def list_contacts(asked: Asked) -> dict[str, Any]:
    """One employee's customers (QQ WD-92113); none at all is 84061, as has been reported."""
    staff = asked.staff("userid")
    rows = asked.rows(
        "select * from wecom_visible_edges($range) where staff_id = $staff_id order by contact_id",
        staff_id=staff["staff_id"],
    )
    if not rows:
        raise Refusal(84061)
    return {"external_userid": [asked.ids.external(row["external_userid"]) for row in rows]}


def get_contact(asked: Asked) -> dict[str, Any]:
    """One customer with all followers; a cursor only above 500 of them (ZW WD-92265)."""
    own = asked.ids.own_external(asked.text("external_userid"))
    first = _followers(asked, own, -1, 1)
    if not first:
        raise Refusal(84061 if _is_known(asked, own) else 40096)

    def show(rows: list[Row]) -> list[dict[str, Any]]:
        return [{**_follow(asked, row), "tags": detailed(asked, tags_of(asked, row))} for row in rows]

    followers, next_cursor = asked.page(
        lambda after, count: _followers(asked, own, after, count), key="contact_id", limit=500, show=show
    )
    reply = {"external_contact": _external_contact(asked, first[0]), "follow_user": followers}
    return {**reply, "next_cursor": next_cursor} if next_cursor else reply


def _followers(asked: Asked, own: str, after: int, count: int) -> list[Row]:
    return asked.rows(
        """
        select * from wecom_visible_edges($range)
        where external_userid = $own and contact_id > $after
        order by contact_id
        limit $count
        """,
        own=own,
        after=after,
        count=count,
    )


def _is_known(asked: Asked, own: str) -> bool:
    return bool(asked.rows("select 1 from accounts where wecom_external_userid = $own", own=own))


def batch_by_users(asked: Asked) -> dict[str, Any]:
    """Customers of up to 100 employees with exactly one follower per row (WD-96316).

    `userid` in the place of `userid_list` is the older form of the same call (WP).
    """
    userids = asked.texts("userid_list", most=100) or listed_texts([asked.text("userid")], "userid", most=1)
    staff_ids = [row["staff_id"] for row in asked.employees(userids)]
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(
            """
            select * from wecom_visible_edges($range)
            where list_contains($staff_ids::integer[], staff_id) and contact_id > $after
            order by contact_id
            limit $count
            """,
            staff_ids=staff_ids,
            after=after,
            count=count,
        ),
        key="contact_id",
        limit=min(asked.integer("limit", 50, low=1), 100),  # above the maximum: the maximum
        show=lambda rows: [
            {
                "external_contact": _external_contact(asked, row),
                "follow_info": {**_follow(asked, row), "tag_id": tags_of(asked, row)},
            }
            for row in rows
        ],
    )
    return {"external_contact_list": rows, "next_cursor": next_cursor}


def _external_contact(asked: Asked, row: Row) -> dict[str, Any]:
    contact = {
        "external_userid": asked.ids.external(row["external_userid"]),
        "name": row["name"] or "",
        "type": 1,  # 2, a WeCom user of another corp, does not occur in the world
        "avatar": "",
        "gender": row["gender"] or 0,
    }
    return {**contact, "unionid": row["unionid"]} if row["unionid"] else contact


def _follow(asked: Asked, row: Row) -> dict[str, Any]:
    userid, external = asked.ids.userid(row["userid"]), asked.ids.external(row["external_userid"])
    follow = {
        "userid": userid,
        "remark": row["remark"] or "",
        "description": "",
        "createtime": row["createtime"],
        "add_way": row["add_way"],
        "oper_userid": userid if row["add_way"] in {201, 202} else external,
    }
    if row["state"]:
        follow["state"] = row["state"]
    if not asked.ids.is_provider:  # third parties get no numbers (ZW)
        follow["remark_mobiles"] = [row["remark_phone"]] if row["remark_phone"] else []
    return follow


def convert_unionid(asked: Asked) -> dict[str, Any]:
    """unionid and openid of one person → external_userid, or a pending id for 90 days (WD-97108)."""
    unionid, openid = asked.text("unionid"), asked.text("openid")
    asked.integer("subject_type", 0, high=1)
    owns = asked.rows(
        "select 1 from accounts where unionid = $unionid and (mini_openid = $openid or oa_openid = $openid)",
        unionid=unionid,
        openid=openid,
    )
    if not owns:
        raise bad_parameter("unionid and openid are not of one subject")
    edges = asked.rows(
        "select * from wecom_visible_edges($range) where unionid = $unionid order by contact_id limit 1",
        unionid=unionid,
    )
    if edges:
        return {"external_userid": asked.ids.external(edges[0]["external_userid"])}
    return {"pending_id": _pending_id(asked, unionid)}


def _pending_id(asked: Asked, unionid: str) -> str:
    with asked.memory.lock:
        pending, made = asked.memory.pending_ids.get(unionid, ("", 0))
        if not pending or asked.now >= made + PENDING_DAYS * DAY:
            digest = hashlib.sha256(f"{asked.app.secret}|{unionid}|{asked.now}".encode()).hexdigest()
            pending, made = f"pe{digest[:30]}", asked.now
            asked.memory.pending_ids[unionid] = (pending, made)
    return pending


def convert_unionid_for_provider(asked: Asked) -> dict[str, Any]:
    """The third party's form of the same (WD-93274)."""
    if not asked.ids.is_provider:
        raise Refusal(48002)
    return convert_unionid(asked)


def own_external_userid(asked: Asked) -> dict[str, Any]:
    """A provider's external_userid → the corp's own (WD-95884)."""
    asked.integer("source_agentid")
    own = asked.ids.own_external(asked.text("external_userid"))
    if not own or not _is_known(asked, own):
        raise Refusal(40096)
    return {"external_userid": own}


def own_userids(asked: Asked) -> dict[str, Any]:
    """A provider's open_userids → the corp's userids (WD-95884)."""
    asked.integer("source_agentid")
    shown = asked.texts("open_userid_list", most=1000)
    own = {open_userid: asked.ids.own_userid(open_userid) for open_userid in shown}
    return {
        "userid_list": [{"open_userid": key, "userid": userid} for key, userid in own.items() if userid],
        "invalid_open_userid_list": [key for key, userid in own.items() if not userid],
    }


ENDPOINTS = {
    "GET /cgi-bin/externalcontact/get_follow_user_list": follow_users,
    "GET /cgi-bin/externalcontact/list": list_contacts,
    "GET /cgi-bin/externalcontact/get": get_contact,
    "POST /cgi-bin/externalcontact/batch/get_by_user": batch_by_users,
    f"POST {UNIONID_TO_EXTERNAL_USERID}": convert_unionid,
    "POST /cgi-bin/externalcontact/unionid_to_external_userid": convert_unionid_for_provider,
    "POST /cgi-bin/externalcontact/from_service_external_userid": own_external_userid,
    "POST /cgi-bin/batch/openuserid_to_userid": own_userids,
}
