"""What each employee, and the groups of each owner, did on a day.

Both are all zero until the next morning: not before 08:00, and read again on the two days after (CM 2023-10).
"""

from collections.abc import Iterable
from datetime import time, timedelta

from siyu.channels.api.declare import Account, Request, Stream, Table, Window, WindowRule, column
from siyu.channels.api.paging import Cursor, PerItem, Reader
from siyu.channels.api.units import DECIMAL, INTEGER
from siyu.channels.wecom.groups import owner_filters
from siyu.channels.wecom.parts import (
    CHINA_DAY,
    CONTACT,
    ONLY_ID,
    OPTIONAL,
    epoch,
    guides,
    posting_window,
    staff,
)
from siyu.resources import Kind

_READY_AT = time(8)
_LOOK_BACK = 2
_REACH = 179  # days before today: the last 180

STAFF_DAILY = Table(
    name="staff_daily",
    kind=Kind.DAILY_STATS,
    key="userid",
    within=("account_id", "stat_date"),
    happened="stat_date",
    columns=(
        column("stat_date", CHINA_DAY, "stat_time", "Business day of the figures.", required=True),
        column("userid", ONLY_ID, "?.userid", "The employee.", required=True),
        column("chat_count", INTEGER, "chat_cnt", "Customers chatted with."),
        column("message_count", INTEGER, "message_cnt", "Messages sent."),
        column(
            "reply_pct",
            DECIMAL,
            "reply_percentage",
            "Chats answered, 0-100; empty without chats.",
            presence=OPTIONAL,
        ),
        column(
            "avg_reply_minutes",
            DECIMAL,
            "avg_reply_time",
            "Mean minutes to a first answer; empty without one.",
            presence=OPTIONAL,
        ),
        column("negative_feedback_count", INTEGER, "negative_feedback_cnt", "Customers that deleted them."),
        column("new_apply_count", INTEGER, "new_apply_cnt", "Requests sent to become friends."),
        column("new_contact_count", INTEGER, "new_contact_cnt", "New friends."),
    ),
)

GROUP_OWNER_DAILY = Table(
    name="group_owner_daily",
    kind=Kind.DAILY_STATS,
    key="owner_userid",
    within=("account_id", "stat_date"),
    happened="stat_date",
    columns=(
        column("stat_date", CHINA_DAY, "?.day_begin_time", "Business day of the figures.", required=True),
        staff("owner", "Owner of the groups.", "owner_userid", required=True),
        column("new_group_count", INTEGER, "data.new_chat_cnt", "Groups made that day."),
        column("group_count", INTEGER, "data.chat_total", "Groups at the end of the day."),
        column("active_group_count", INTEGER, "data.chat_has_msg", "Groups in which somebody spoke."),
        column("new_member_count", INTEGER, "data.new_member_cnt", "Members that came that day."),
        column("member_count", INTEGER, "data.member_total", "Members at the end of the day."),
        column("active_member_count", INTEGER, "data.member_has_msg", "Members that spoke."),
        column("message_count", INTEGER, "data.msg_total", "Messages."),
    ),
    ignored=("data.migrate_trainee_chat_cnt",),
    harmless=("data",),
)


def _each_guide(reader: Reader) -> Iterable[dict[str, list[str]]]:
    """Several userids would be summed into one series (WD-96358)."""
    return ({"userid": [guide]} for guide in guides(reader))


def _one_day(_account: Account, window: Window) -> Request:
    """Without `day_end_time` one day is meant; a longer span comes as one sum."""
    params = {"day_begin_time": epoch(window.start)}
    return Request(method="POST", path=f"{CONTACT}/groupchat/statistic", params=params, send="json")


STREAMS = (
    Stream(
        name="staff_daily",
        request=posting_window(f"{CONTACT}/get_user_behavior_data"),
        paging=PerItem(each=_each_guide),
        items="behavior_data",
        tables=(STAFF_DAILY,),
        window=WindowRule(most=timedelta(days=30), look_back=_LOOK_BACK, reach=_REACH),
        ready_at=_READY_AT,
    ),
    Stream(
        name="group_owner_daily",
        request=_one_day,
        paging=PerItem(
            each=owner_filters,
            inner=Cursor(
                cursor="offset",
                next="next_offset",
                size="limit",
                per_page=1000,
                first=0,
                total="total",
                ends_at_total=True,
            ),
        ),
        items="items",
        tables=(GROUP_OWNER_DAILY,),
        window=WindowRule(most=timedelta(days=1), look_back=_LOOK_BACK, reach=_REACH),
        ready_at=_READY_AT,
    ),
)
