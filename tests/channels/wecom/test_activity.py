"""Statistics, Moments and mass messages from examples composed of the contract; each test names its line."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from siyu.channels.wecom import CONNECTOR
from siyu.settings import Home
from tests.channels.api.platform import Asked, running
from tests.channels.wecom.corp import (
    CONTACT,
    DAY,
    GROUP_LIST,
    GUIDES,
    Corp,
    extract,
    landed,
    paged,
    token_of,
    utc,
)

BEHAVIOUR, GROUP_STATISTIC = f"{CONTACT}/get_user_behavior_data", f"{CONTACT}/groupchat/statistic"


def test_the_sample_of_a_guides_day_lands(home: Home) -> None:
    """Statistics: Sample; several userids are summed, so one call per guide; closed range."""
    sample = {
        "stat_time": 1719763200,
        "chat_cnt": 12,
        "message_cnt": 80,
        "reply_percentage": 91.5,
        "avg_reply_time": 3,
        "negative_feedback_cnt": 1,
        "new_apply_cnt": 4,
        "new_contact_cnt": 2,
    }
    quiet = {name: 0 for name in sample if name not in ("stat_time", "reply_percentage", "avg_reply_time")}

    def reply(asked: Asked) -> Any:
        busy = asked.body["userid"] == ["guide01"]
        return {"behavior_data": [sample if busy else quiet | {"stat_time": 1719763200}]}

    with running(Corp({GUIDES: {"follow_user": ["guide01", "guide02"]}, BEHAVIOUR: reply})) as platform:
        extract(home, platform.url, "staff_daily")
    asked = [one.body for one in platform.asked if one.path == BEHAVIOUR]
    times = {"start_time": 1719763200, "end_time": 1719849599}  # 2024-07-01 00:00:00 to 23:59:59 in China
    assert sorted(asked, key=str) == [times | {"userid": ["guide01"]}, times | {"userid": ["guide02"]}]
    columns = "stat_date, userid, chat_count, message_count, reply_pct, avg_reply_minutes, new_contact_count"
    assert landed(home, "staff_daily", columns) == [
        (date(2024, 7, 1), "guide01", 12, 80, Decimal("91.5"), Decimal(3), 2),
        (date(2024, 7, 1), "guide02", 0, 0, None, None, 0),
    ]


def test_groups_of_an_owner_are_counted_day_by_day_to_the_last_offset(home: Home) -> None:
    """groupchat/statistic: offset, limit 1-1000, total, next_offset (done when == total); end omitted = one day."""
    data = {
        "new_chat_cnt": 0,
        "chat_total": 2,
        "chat_has_msg": 1,
        "new_member_cnt": 3,
        "member_total": 150,
        "member_has_msg": 20,
        "msg_total": 99,
        "migrate_trainee_chat_cnt": 0,
    }
    rows = [{"owner": f"guide{number:04d}", "data": data} for number in range(1001)]

    def reply(asked: Asked) -> Any:
        end = min(asked.body["offset"] + asked.body["limit"], len(rows))
        return {"total": len(rows), "next_offset": end, "items": rows[asked.body["offset"] : end]}

    two_days = replace(DAY, start=DAY.start - timedelta(days=1))
    with running(Corp({GROUP_LIST: {"group_chat_list": []}, GROUP_STATISTIC: reply})) as platform:
        extract(home, platform.url, "group_owner_daily", window=two_days)
    asked = [one.body for one in platform.asked if one.path == GROUP_STATISTIC]
    assert asked == [
        {"day_begin_time": day, "offset": offset, "limit": 1000}
        for day in (1719676800, 1719763200)
        for offset in (0, 1000)
    ]
    found = landed(
        home, "group_owner_daily", "stat_date, owner_userid, group_count, member_count, message_count"
    )
    assert found == [
        (date(2024, *day), row["owner"], 2, 150, 99) for day in ((6, 30), (7, 1)) for row in rows
    ]


@pytest.mark.parametrize(
    ("stream", "first_day", "hour"),
    [
        ("staff_daily", date(2024, 6, 29), 8),
        ("group_owner_daily", date(2024, 6, 29), 8),
        ("fund_flow", date(2024, 6, 29), 11),
        ("bills", date(2024, 5, 3), 0),
        ("moment_reach", date(2024, 6, 2), 0),
        ("mass_message_results", date(2024, 6, 2), 0),
    ],
)
def test_a_night_reads_back_as_far_as_figures_move_and_not_before_they_are_ready(
    stream: str, first_day: date, hour: int
) -> None:
    """Statistics: pull after ~08:00, re-pull D-2..D-1; fund flow after 11:00; bills, messages: 30 days back."""
    one = CONNECTOR.stream(stream)
    window = one.window.of_day(date(2024, 7, 1), "Asia/Shanghai")
    assert (window.start + timedelta(hours=8)).date() == first_day
    pieces = one.window.pieces(window)
    assert all(piece.end - piece.start <= timedelta(days=30) for piece in pieces)
    ready = datetime(2024, 7, 2, hour, tzinfo=UTC) - timedelta(hours=8)
    assert one.is_ready(date(2024, 7, 1), "Asia/Shanghai", ready)
    assert not one.is_ready(date(2024, 7, 1), "Asia/Shanghai", ready - timedelta(seconds=1))


MOMENTS = f"{CONTACT}/get_moment_list"


def test_a_post_lands_without_its_text_and_its_reach_with_its_publisher(home: Home) -> None:
    """Moments: limit max 20; create_time as int and as string; send_result per moment and userid; likes xor."""
    corporate = {"moment_id": "mom1", "create_time": "1719763200", "create_type": 0, "visible_type": 1}
    personal = corporate | {
        "moment_id": "mom2",
        "creator": "guide02",
        "create_time": 1719763201,
        "create_type": 1,
    }
    posts = [corporate | {"text": {"content": "亲爱的王小明"}}, personal]
    tasks = [{"userid": "guide01", "publish_status": 1}, {"userid": "guide03", "publish_status": 0}]
    likes = [
        {"external_userid": "wmAAA1", "create_time": 1719763300},
        {"userid": "boss", "create_time": 1719763301},
    ]
    replies = {
        MOMENTS: paged(posts, "moment_list"),
        f"{CONTACT}/get_moment_task": paged(tasks, "task_list"),
        f"{CONTACT}/get_moment_send_result": paged([{"external_userid": "wmAAA1"}], "customer_list"),
        f"{CONTACT}/get_moment_comments": {"comment_list": [], "like_list": likes},
    }
    with running(Corp(replies)) as platform:
        for stream in ("moments", "moment_tasks", "moment_reach", "moment_reactions"):
            extract(home, platform.url, stream)
    listed = {"start_time": 1719763200, "end_time": 1719849599, "limit": 20, "cursor": ""}
    assert [one.body for one in platform.asked if one.path == MOMENTS] == [listed] * 4
    assert landed(home, "moments", "moment_id, creator_userid, created_at, create_type") == [
        ("mom1", None, utc(2024, 6, 30, 16), 0),
        ("mom2", "guide02", utc(2024, 6, 30, 16, 0, 1), 1),
    ]
    assert landed(home, "moment_tasks", "moment_id, userid, publish_status") == [
        ("mom1", "guide01", 1),
        ("mom1", "guide03", 0),
    ]
    person = token_of(home, "external_userid", "wmAAA1")
    assert landed(home, "moment_reach", "moment_id, userid, external_userid_token") == [
        ("mom1", "guide01", person),
        ("mom2", "guide02", person),
    ]
    assert set(landed(home, "moment_likes", "moment_id, external_userid_token, reacting_userid")) == {
        ("mom1", person, None),
        ("mom1", None, "boss"),
        ("mom2", person, None),
        ("mom2", None, "boss"),
    }


def test_a_mass_message_tells_what_became_of_each_receiver(home: Home) -> None:
    """Mass messages: Sample; get_groupmsg_list_v2 by chat_type; chat_id for group, never both; status 0-3."""

    def listed(asked: Asked) -> Any:
        number = {"single": "msg1", "group": "msg2"}[asked.body["chat_type"]]
        return {"group_msg_list": [{"msgid": number, "create_time": "1719800000", "create_type": 0}]}

    sample = {"external_userid": "wmAAA1", "userid": "guide01", "status": 1, "send_time": 1719800000}
    results = {
        "msg1": [sample, {"external_userid": "wmAAA2", "userid": "guide01", "status": 3}],
        "msg2": [{"chat_id": "wrG1", "userid": "guide01", "status": 0}],
    }
    replies = {
        f"{CONTACT}/get_groupmsg_list_v2": listed,
        f"{CONTACT}/get_groupmsg_task": paged(
            [{"userid": "guide01", "status": 2, "send_time": 1719800000}], "task_list"
        ),
        f"{CONTACT}/get_groupmsg_send_result": lambda asked: {"send_list": results[asked.body["msgid"]]},
    }
    with running(Corp(replies)) as platform:
        for stream in (
            "mass_messages",
            "mass_message_tasks",
            "mass_message_results",
            "group_message_results",
        ):
            extract(home, platform.url, stream)
    sent = utc(2024, 7, 1, 2, 13, 20)  # date -u -d @1719800000
    assert landed(home, "mass_messages", "message_id, chat_type, created_at") == [
        ("msg1", "single", sent),
        ("msg2", "group", sent),
    ]
    assert landed(home, "mass_message_tasks", "message_id, userid, task_status, sent_at") == [
        ("msg1", "guide01", 2, sent),
        ("msg2", "guide01", 2, sent),
    ]
    receivers = {token_of(home, "external_userid", one): one for one in ("wmAAA1", "wmAAA2")}
    found = landed(home, "mass_message_results", "external_userid_token, send_status, sent_at")
    assert {(receivers[token], status, at) for token, status, at in found} == {
        ("wmAAA1", 1, sent),
        ("wmAAA2", 3, None),
    }
    assert landed(home, "group_message_results", "message_id, chat_id, send_status") == [("msg2", "wrG1", 0)]


def test_a_post_without_an_id_costs_that_post_alone(home: Home) -> None:
    posts = [{"create_type": 0}, {"moment_id": "mom1", "create_time": 1719763200, "create_type": 0}]
    tasks = [{"userid": "guide01", "publish_status": 1}]
    replies = {MOMENTS: paged(posts, "moment_list"), f"{CONTACT}/get_moment_task": paged(tasks, "task_list")}
    with running(Corp(replies)) as platform:
        record = extract(home, platform.url, "moment_tasks")
    assert landed(home, "moment_tasks", "moment_id, userid") == [("mom1", "guide01")]
    assert record.extraction is not None
    assert record.extraction.skipped == 1
