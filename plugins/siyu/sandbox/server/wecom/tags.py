"""Corp tags (wecom_core.md, "Corp tags")."""

from typing import Any

from siyu.sandbox.server.wecom.asked import Asked
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.world import Row

TAGS = """
    select *, epoch(created_at)::bigint as create_time
    from tags
    where created_at <= $t
    order by wecom_group_id, position, tag_id
"""


def tags_of(asked: Asked, edge: Row) -> list[str]:
    """Ids of the tags that a friendship bears now; what callers put on or took off is laid over."""
    pair = (edge["userid"], edge["external_userid"])
    removed = asked.memory.removed_tags.get(pair, set())
    borne = [tag_id for tag_id in edge["tag_ids"] if tag_id not in removed]
    return borne + sorted(asked.memory.added_tags.get(pair, set()).difference(borne))


def detailed(asked: Asked, tag_ids: list[str]) -> list[dict[str, Any]]:
    """As `externalcontact/get` shows them: type 1 is a corp tag; personal tags do not occur in the world."""
    known = {tag["wecom_tag_id"]: tag for tag in asked.rows(TAGS)} if tag_ids else {}
    return [
        {
            "group_name": known[tag_id]["group_name"],
            "tag_name": known[tag_id]["name"],
            "type": 1,
            "tag_id": tag_id,
        }
        for tag_id in tag_ids
    ]


def list_tags(asked: Asked) -> dict[str, Any]:
    """All tags by group; of the groups named, else of the tags named (WxJ, XW)."""
    tag_ids, group_ids = asked.texts("tag_id", most=3000), asked.texts("group_id", most=3000)
    groups: dict[str, dict[str, Any]] = {}
    for row in asked.rows(TAGS):
        if group_ids and row["wecom_group_id"] not in group_ids:
            continue
        if tag_ids and not group_ids and row["wecom_tag_id"] not in tag_ids:
            continue
        group = groups.setdefault(
            row["wecom_group_id"],
            {
                "group_id": row["wecom_group_id"],
                "group_name": row["group_name"],
                "create_time": row["create_time"],
                "order": len(groups) + 1,
                "tag": [],
            },
        )
        group["create_time"] = min(group["create_time"], row["create_time"])
        tag = {
            "id": row["wecom_tag_id"],
            "name": row["name"],
            "create_time": row["create_time"],
            "order": row["position"],
        }
        group["tag"].append({**tag, "deleted": False} if tag_ids else tag)
    return {"tag_group": list(groups.values())}


def mark_tag(asked: Asked) -> dict[str, Any]:
    """Put tags on a friendship and take others off (ZW); it must exist, else 84061."""
    staff = asked.staff("userid")
    external = asked.ids.own_external(asked.text("external_userid"))
    add, remove = asked.texts("add_tag", most=100), asked.texts("remove_tag", most=100)
    if not add and not remove:
        raise bad_parameter("add_tag and remove_tag are both empty")
    known = {row["wecom_tag_id"] for row in asked.rows(TAGS)}
    if not known.issuperset([*add, *remove]):
        raise bad_parameter("no such tag")
    pair = asked.rows(
        "select 1 from wecom_visible_edges($range) where staff_id = $staff_id and external_userid = $external",
        staff_id=staff["staff_id"],
        external=external,
    )
    if not pair:
        raise Refusal(84061)
    with asked.memory.lock:
        key = (staff["userid"], external)
        added, removed = asked.memory.added_tags, asked.memory.removed_tags
        added[key] = (added.get(key, set()) | set(add)) - set(remove)
        removed[key] = (removed.get(key, set()) | set(remove)) - set(add)
    return {}


ENDPOINTS = {
    "POST /cgi-bin/externalcontact/get_corp_tag_list": list_tags,
    "POST /cgi-bin/externalcontact/mark_tag": mark_tag,
}
