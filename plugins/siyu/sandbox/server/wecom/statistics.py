"""Behaviour of staff and statistics of groups (wecom_marketing.md, "Statistics").

Yesterday's figures are counted in the morning: before 08:00 in China they are zeros (CM 2023-10).
"""

from datetime import date, datetime, timedelta
from typing import Any

from siyu.sandbox.server.clock import CHINA
from siyu.sandbox.server.faults import FaultKind, drifted
from siyu.sandbox.server.wecom.asked import Asked, midnight
from siyu.sandbox.server.wecom.directory import SUBTREE
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.world import Row

READY_HOUR = 8

BEHAVIOUR = """
    select
        stat_on,
        sum(chats)::bigint as chat_cnt,
        sum(messages)::bigint as message_cnt,
        (sum(reply_percentage * chats) / nullif(sum(chats) filter (where reply_percentage is not null), 0))::double
            as reply_percentage,
        round(avg(avg_reply_minutes))::integer as avg_reply_time,
        sum(negative_feedback)::bigint as negative_feedback_cnt,
        sum(new_applications)::bigint as new_apply_cnt,
        sum(new_contacts)::bigint as new_contact_cnt
    from staff_days
    where
        list_contains($staff_ids::integer[], staff_id)
        and stat_on between $first and $last
    group by stat_on
"""
BEHAVIOUR_COUNTS = ("chat_cnt", "message_cnt", "negative_feedback_cnt", "new_apply_cnt", "new_contact_cnt")

GROUP_DAYS = """
    select
        staff.wecom_userid as owner,
        group_days.stat_on,
        count(*) filter (where (groups.created_at + interval 8 hours)::date = group_days.stat_on) as new_chat_cnt,
        count(*) as chat_total,
        count(*) filter (where group_days.member_messages + group_days.staff_messages > 0) as chat_has_msg,
        sum(group_days.new_members)::bigint as new_member_cnt,
        sum(group_days.members)::bigint as member_total,
        sum(group_days.active_members)::bigint as member_has_msg,
        sum(group_days.member_messages + group_days.staff_messages)::bigint as msg_total
    from group_days
    inner join groups on group_days.group_id = groups.group_id
    inner join wecom_visible_staff($range) as visible on groups.owner_staff_id = visible.staff_id
    inner join staff on groups.owner_staff_id = staff.staff_id
    where
        group_days.stat_on between $first and $last
        and ($owners is null or list_contains($owners, staff.wecom_userid))
    group by staff.wecom_userid, group_days.stat_on
    order by owner, stat_on
"""
FLOWS = ("new_chat_cnt", "chat_has_msg", "new_member_cnt", "member_has_msg", "msg_total")  # add up over days
LEVELS = ("chat_total", "member_total")  # as of the last day
ORDERED_BY = {1: "new_chat_cnt", 2: "chat_total", 3: "new_member_cnt", 4: "member_total"}


def _is_ready(asked: Asked, day: date) -> bool:
    counted = datetime(day.year, day.month, day.day, READY_HOUR, tzinfo=CHINA) + timedelta(days=1)
    return asked.clock.now() >= counted


def user_behaviour(asked: Asked) -> dict[str, Any]:
    """One row per day; several userids are summed into one series (WD-96358, CM)."""
    userids = asked.texts("userid", most=100)
    staff_ids = {row["staff_id"] for row in asked.employees(userids)}
    parties = asked.given.get("partyid") or []
    if not isinstance(parties, list) or len(parties) > 100:
        raise bad_parameter("partyid is no list or has more than 100 elements")
    for party in parties:
        staff_ids |= _staff_below(asked, party)
    if not userids and not parties:
        raise bad_parameter("userid and partyid are both empty")
    days = asked.days("start_time", "end_time", most_days=30, end_required=True)
    rows = asked.rows(BEHAVIOUR, staff_ids=sorted(staff_ids), first=days[0], last=days[-1])
    found = {row["stat_on"]: row for row in rows if _is_ready(asked, row["stat_on"])}
    series = [_behaviour(day, found.get(day)) for day in days]
    return {"behavior_data": drifted(series, asked.call.fault)}


def _staff_below(asked: Asked, party: object) -> set[int]:
    if not isinstance(party, int) or isinstance(party, bool):
        raise bad_parameter("partyid has an element that is no number")
    departments = [row["department_id"] for row in asked.rows(SUBTREE, top=party)]
    if not departments:
        raise Refusal(60011)
    rows = asked.rows(
        "select staff_id from wecom_staff where list_contains($departments::bigint[], department_id)",
        departments=departments,
    )
    return {row["staff_id"] for row in rows}


def _behaviour(day: date, row: Row | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"stat_time": midnight(day)}
    shown |= {name: row[name] if row else 0 for name in BEHAVIOUR_COUNTS}
    if row and row["chat_cnt"]:  # absent when there was no chat
        shown |= {"reply_percentage": row["reply_percentage"], "avg_reply_time": row["avg_reply_time"]}
    return {name: value for name, value in shown.items() if value is not None}


def _group_days(asked: Asked) -> tuple[list[date], list[Row]]:
    days = asked.days("day_begin_time", "day_end_time", most_days=30, end_required=False)
    if days[-1] >= asked.clock.china_day():
        raise Refusal(600018)  # yesterday at the latest
    rows = asked.rows(GROUP_DAYS, first=days[0], last=days[-1], owners=asked.owners())
    zeros = dict.fromkeys((*FLOWS, *LEVELS), 0)
    return days, [row if _is_ready(asked, row["stat_on"]) else {**row, **zeros} for row in rows]


def _data(rows: list[Row], last: date) -> dict[str, int]:
    data = {name: sum(row[name] for row in rows) for name in FLOWS}
    return data | {name: sum(row[name] for row in rows if row["stat_on"] == last) for name in LEVELS}


def groups_by_owner(asked: Asked) -> dict[str, Any]:
    """Sums over the days per owner, paged by offset (ZW WD-93476)."""
    order = asked.integer("order_by", 1, low=1, high=4)
    ascending = asked.integer("order_asc", 0, high=1) == 1
    offset, limit = asked.integer("offset", 0), asked.integer("limit", 500, low=1, high=1000)
    days, rows = _group_days(asked)
    by_owner: dict[str, list[Row]] = {}
    for row in rows:
        by_owner.setdefault(row["owner"], []).append(row)
    items: list[dict[str, Any]] = [
        {"owner": asked.ids.userid(owner), "data": _data(of, days[-1])} for owner, of in by_owner.items()
    ]
    items.sort(key=lambda item: item["data"][ORDERED_BY[order]], reverse=not ascending)
    fault, total = asked.call.fault, len(items)
    shown, next_offset = items[offset : offset + limit], min(offset + limit, total)
    match fault.kind if fault else None:
        case FaultKind.TOTAL_CHANGES if fault:
            total += int(fault.options.get("by", 1))
        case FaultKind.EMPTY_PAGE:
            shown, next_offset = [], offset
        case FaultKind.CURSOR_REPEATS:
            next_offset = offset
        case FaultKind.ENDLESS:
            total = next_offset + limit
        case FaultKind.LAST_PAGE_TWICE if next_offset == total:
            shown = shown * 2
    return {"total": total, "next_offset": next_offset, "items": drifted(shown, fault)}


def groups_by_day(asked: Asked) -> dict[str, Any]:
    """Sums over the owners per day, not paged (ZW)."""
    days, rows = _group_days(asked)
    items = [
        {"stat_time": midnight(day), "data": _data([row for row in rows if row["stat_on"] == day], day)}
        for day in days
    ]
    return {"items": drifted(items, asked.call.fault)}


ENDPOINTS = {
    "POST /cgi-bin/externalcontact/get_user_behavior_data": user_behaviour,
    "POST /cgi-bin/externalcontact/groupchat/statistic": groups_by_owner,
    "POST /cgi-bin/externalcontact/groupchat/statistic_group_by_day": groups_by_day,
}
