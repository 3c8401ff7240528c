"""WeCom against its contract: each test names the line of wecom_core.md or wecom_marketing.md that it stands for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.server.conftest import Running, running, write_world
from tests.sandbox.server.wecom_world import AT, TABLES

CONTACT = "/cgi-bin/externalcontact"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(write_world(tmp_path_factory.mktemp("world"), TABLES), at=AT) as server:
        yield server


@pytest.fixture
def sandbox(served: Running) -> Running:
    served.admin.post("/reset")
    return served


class Caller:
    """Calls as one app: fetches a token once, then puts it into the query."""

    def __init__(self, sandbox: Running, label: str = "self_built") -> None:
        self.app = sandbox.app("wecom", label)
        self.http = httpx.Client(base_url=f"{sandbox.base}/wecom", trust_env=False)
        self.token = self.fetch()

    def fetch(self) -> str:
        query = {"corpid": self.app.app_id, "corpsecret": self.app.secret}
        return str(self.http.get("/cgi-bin/gettoken", params=query).json()["access_token"])

    def get(self, path: str, **query: object) -> dict[str, Any]:
        return self.answered(self.http.get(path, params={"access_token": self.token, **query}))  # type: ignore[dict-item]

    def post(self, path: str, **body: object) -> dict[str, Any]:
        return self.answered(self.http.post(path, params={"access_token": self.token}, json=body))

    @staticmethod
    def answered(response: httpx.Response) -> dict[str, Any]:
        assert response.status_code == 200
        reply: dict[str, Any] = response.json()
        assert response.headers["error-code"] == str(reply["errcode"])
        return reply

    def read(self, path: str, rows: str, **body: object) -> list[Any]:
        """All pages behind a cursor."""
        read: list[Any] = []
        cursor = ""
        for _ in range(50):
            reply = self.post(path, **body, cursor=cursor)
            assert reply["errcode"] == 0, reply
            read += reply[rows]
            cursor = reply.get("next_cursor", "")
            if not cursor:
                return read
        raise AssertionError("no end of pages")


@pytest.fixture
def corp(sandbox: Running) -> Caller:
    return Caller(sandbox)


# -- common rules ------------------------------------------------------------------------------------------------------


def test_a_token_lasts_7200_seconds_and_then_is_42001_wd_91039(sandbox: Running, corp: Caller) -> None:
    query = {"corpid": corp.app.app_id, "corpsecret": corp.app.secret}
    reply = corp.http.get("/cgi-bin/gettoken", params=query).json()
    assert (reply["errcode"], reply["expires_in"]) == (0, 7200)
    assert len(reply["access_token"]) <= 512
    corp.token = reply["access_token"]
    sandbox.clock(advance_seconds=7190)
    assert corp.get(f"{CONTACT}/get_follow_user_list")["errcode"] == 0
    sandbox.clock(advance_seconds=11)
    assert corp.get(f"{CONTACT}/get_follow_user_list")["errcode"] == 42001


def test_a_second_token_of_an_app_kills_the_first_but_not_another_apps(
    sandbox: Running, corp: Caller
) -> None:
    other = Caller(sandbox, "narrow")
    first, corp.token = corp.token, corp.fetch()
    assert corp.get(f"{CONTACT}/get_follow_user_list")["errcode"] == 0
    assert other.get(f"{CONTACT}/get_follow_user_list")["errcode"] == 0
    corp.token = first
    assert corp.get(f"{CONTACT}/get_follow_user_list")["errcode"] == 40014


@pytest.mark.parametrize(
    ("change", "code"), [({"corpsecret": "wrong"}, 40001), ({"corpid": "wwother"}, 40013)]
)
def test_a_wrong_secret_is_40001_and_a_wrong_corpid_40013(
    corp: Caller, change: dict[str, str], code: int
) -> None:
    query = {"corpid": corp.app.app_id, "corpsecret": corp.app.secret, **change}
    reply = corp.answered(corp.http.get("/cgi-bin/gettoken", params=query))
    assert (reply["errcode"], "access_token" in reply) == (code, False)


def test_a_token_in_the_body_is_no_token_41001_xw(corp: Caller) -> None:
    body = {"access_token": corp.token}
    assert corp.answered(corp.http.post(f"{CONTACT}/get_corp_tag_list", json=body))["errcode"] == 41001


def test_an_error_is_http_200_with_a_hint_an_address_and_a_link_cm(corp: Caller) -> None:
    response = corp.http.get(f"{CONTACT}/get_follow_user_list", params={"access_token": "none"})
    text = response.json()["errmsg"]
    assert response.headers["error-msg"] == text
    assert text.startswith("invalid access_token, hint: [")
    assert text.endswith(
        "], from ip: 127.0.0.1, more info at https://open.work.weixin.qq.com/devtool/query?e=40014"
    )


def test_get_used_for_post_is_40058_xw(corp: Caller) -> None:
    assert corp.get(f"{CONTACT}/groupchat/list")["errcode"] == 40058


def test_the_10001st_call_in_a_minute_is_45009_and_blocks_for_a_minute_wd_90454(
    sandbox: Running, corp: Caller
) -> None:
    sandbox.limits("wecom", {"calls": 3, "seconds": 60, "blocked_seconds": 60})
    path = f"{CONTACT}/get_follow_user_list"
    assert [corp.get(path)["errcode"] for _ in range(5)] == [0, 0, 0, 45009, 45009]
    assert corp.post(f"{CONTACT}/get_corp_tag_list")["errcode"] == 0, "limits are per API"
    sandbox.clock(advance_seconds=59)
    assert corp.get(path)["errcode"] == 45009
    sandbox.clock(advance_seconds=2)
    assert corp.get(path)["errcode"] == 0


def test_debug_1_limits_an_api_to_five_calls_a_minute_cm(corp: Caller) -> None:
    codes = [corp.get(f"{CONTACT}/get_follow_user_list", debug=1)["errcode"] for _ in range(6)]
    assert codes == [0, 0, 0, 0, 0, 45009]


# -- staff and departments ---------------------------------------------------------------------------------------------


def test_departments_are_listed_with_parents_wd_90344(corp: Caller) -> None:
    listed = corp.get("/cgi-bin/department/list")["department"]
    assert [(row["id"], row["parentid"]) for row in listed] == [(1, 0), (2, 1), (3, 2), (4, 1), (5, 4)]
    assert [row["id"] for row in corp.get("/cgi-bin/department/list", id=2)["department"]] == [2, 3]
    assert listed[2]["department_leader"] == ["boss01"]


def test_user_list_gives_gender_as_text_and_only_who_works_there_wd_90337(corp: Caller) -> None:
    users = corp.get("/cgi-bin/user/list", department_id=1, fetch_child=1)["userlist"]
    assert [user["userid"] for user in users] == ["guide01", "guide02", "boss01"], (
        "left01 left, soon01 is not here yet"
    )
    assert (users[0]["gender"], users[0]["mobile"], users[0]["status"]) == ("2", "13900000001", 1)
    assert corp.get("/cgi-bin/user/list", department_id=1, fetch_child=0)["userlist"] == []


def test_list_id_pages_through_userids_wd_96021(corp: Caller) -> None:
    pairs = corp.read("/cgi-bin/user/list_id", "dept_user", limit=2)
    assert [(row["userid"], row["department"]) for row in pairs] == [
        ("guide01", 3),
        ("guide02", 5),
        ("boss01", 3),
    ]


def test_an_app_with_a_narrow_visible_range_silently_gets_less_wd_96316(sandbox: Running) -> None:
    narrow = Caller(sandbox, "narrow")
    assert narrow.get(f"{CONTACT}/get_follow_user_list")["follow_user"] == ["guide01", "boss01"]
    assert narrow.get(f"{CONTACT}/list", userid="guide02")["errcode"] == 60011
    assert [row["id"] for row in narrow.get("/cgi-bin/department/list")["department"]] == [2, 3]


# -- contacts ----------------------------------------------------------------------------------------------------------


def test_batch_gives_the_contracts_sample_row_wd_96316(corp: Caller) -> None:
    first = corp.post(f"{CONTACT}/batch/get_by_user", userid_list=["guide01"], limit=1)
    assert first["next_cursor"]
    assert first["external_contact_list"] == [
        {
            "external_contact": {
                "external_userid": "wmAAA1",
                "name": "Lin",
                "type": 1,
                "gender": 2,
                "avatar": "",
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
    ]


def test_batch_shows_who_deleted_the_staff_hides_whom_the_staff_deleted_xw_84061(corp: Caller) -> None:
    rows = corp.read(
        f"{CONTACT}/batch/get_by_user", "external_contact_list", userid_list=["guide01"], limit=1
    )
    assert [row["external_contact"]["external_userid"] for row in rows] == ["wmAAA1", "wmAAA2", "wmAAA3"]
    again = rows[2]["follow_info"]["createtime"]
    assert again == int((AT - timedelta(days=2)).timestamp()), "the second friendship, not the first"


def test_batch_repeats_a_customer_once_per_follower_and_takes_the_maximum_for_more_cm(corp: Caller) -> None:
    rows = corp.read(
        f"{CONTACT}/batch/get_by_user",
        "external_contact_list",
        userid_list=["guide01", "guide02"],
        limit=1000,
    )
    pairs = [(row["external_contact"]["external_userid"], row["follow_info"]["userid"]) for row in rows]
    assert len(pairs) == len(set(pairs)) == 4
    assert {("wmAAA1", "guide01"), ("wmAAA1", "guide02")} < set(pairs)


def test_batch_of_101_userids_or_one_above_64_bytes_is_40058_cm(corp: Caller) -> None:
    path = f"{CONTACT}/batch/get_by_user"
    assert corp.post(path, userid_list=["guide01"] * 101)["errcode"] == 40058
    assert corp.post(path, userid_list=["x" * 65])["errcode"] == 40058
    assert corp.post(path, userid_list="guide01")["errcode"] == 40058


def test_a_cursor_of_another_list_is_refused(corp: Caller) -> None:
    path = f"{CONTACT}/batch/get_by_user"
    cursor = corp.post(path, userid_list=["guide01"], limit=1)["next_cursor"]
    assert corp.post(path, userid_list=["guide01", "guide02"], cursor=cursor)["errcode"] == 40058


def test_a_friendship_does_not_exist_before_it_began(sandbox: Running, corp: Caller) -> None:
    assert corp.get(f"{CONTACT}/list", userid="guide02")["external_userid"] == ["wmAAA1"]
    sandbox.clock(advance_seconds=6 * 3600)
    corp.token = corp.fetch()
    assert corp.get(f"{CONTACT}/list", userid="guide02")["external_userid"] == ["wmAAA1", "wmAAA2"]


@pytest.mark.parametrize(("userid", "code"), [("boss01", 84061), ("left01", 60111), ("nobody", 60111)])
def test_list_of_who_has_no_customers_or_left(corp: Caller, userid: str, code: int) -> None:
    assert corp.get(f"{CONTACT}/list", userid=userid)["errcode"] == code


def test_get_gives_all_followers_with_detailed_tags_zw_wd_92265(corp: Caller) -> None:
    reply = corp.get(f"{CONTACT}/get", external_userid="wmAAA1")
    assert "next_cursor" not in reply, "only above 500 followers"
    assert [(row["userid"], row["oper_userid"]) for row in reply["follow_user"]] == [
        ("guide01", "wmAAA1"),
        ("guide02", "guide02"),
    ]
    assert reply["follow_user"][0]["tags"] == [
        {"group_name": "等级", "tag_name": "金", "type": 1, "tag_id": "etA1"}
    ]


def test_get_of_an_unknown_customer_is_40096_and_of_a_lost_one_84061_xw(corp: Caller) -> None:
    assert corp.get(f"{CONTACT}/get", external_userid="wmNOBODY")["errcode"] == 40096
    assert corp.get(f"{CONTACT}/get", external_userid="wmAAA4")["errcode"] == 84061


def test_a_third_party_sees_other_ids_and_no_phones_wd_95884(sandbox: Running) -> None:
    provider = Caller(sandbox, "provider")
    [shown] = [
        user
        for user in provider.get("/cgi-bin/user/simplelist", department_id=3)["userlist"]
        if user["name"] == "王一"
    ]
    assert shown["userid"] == shown["open_userid"] != "guide01"
    rows = provider.read(
        f"{CONTACT}/batch/get_by_user", "external_contact_list", userid_list=[shown["userid"]]
    )
    ids = [row["external_contact"]["external_userid"] for row in rows]
    assert not {"wmAAA1", "wmAAA2", "wmAAA3"} & set(ids)
    assert not any("remark_mobiles" in row["follow_info"] for row in rows)
    path = f"{CONTACT}/from_service_external_userid"
    back = [
        provider.post(path, external_userid=external, source_agentid=1)["external_userid"] for external in ids
    ]
    assert back == ["wmAAA1", "wmAAA2", "wmAAA3"]
    reply = provider.post(
        "/cgi-bin/batch/openuserid_to_userid", open_userid_list=[shown["userid"], "woX"], source_agentid=1
    )
    assert reply["userid_list"] == [{"open_userid": shown["userid"], "userid": "guide01"}]
    assert reply["invalid_open_userid_list"] == ["woX"]


def test_unionid_becomes_an_external_userid_or_a_pending_id_for_90_days_wd_97108(
    sandbox: Running, corp: Caller
) -> None:
    path = "/cgi-bin/idconvert/unionid_to_external_userid"
    assert corp.post(path, unionid="oUN1", openid="oMINI1", subject_type=0)["external_userid"] == "wmAAA1"
    first = corp.post(path, unionid="oUN9", openid="oMINI9")["pending_id"]
    sandbox.clock(advance_seconds=89 * 86400)
    corp.token = corp.fetch()
    assert corp.post(path, unionid="oUN9", openid="oMINI9")["pending_id"] == first
    sandbox.clock(advance_seconds=2 * 86400)
    corp.token = corp.fetch()
    assert corp.post(path, unionid="oUN9", openid="oMINI9")["pending_id"] != first
    assert corp.post(path, unionid="oUN1", openid="oMINI9")["errcode"] == 40058, "not of one subject"


def test_the_third_partys_conversion_is_not_for_a_self_built_app_wd_93274(corp: Caller) -> None:
    path = f"{CONTACT}/unionid_to_external_userid"
    assert corp.post(path, unionid="oUN1", openid="oMINI1")["errcode"] == 48002


# -- tags --------------------------------------------------------------------------------------------------------------


def test_corp_tags_by_group_and_by_id_wxj_xw(corp: Caller) -> None:
    path = f"{CONTACT}/get_corp_tag_list"
    groups = corp.post(path)["tag_group"]
    assert [(group["group_name"], [tag["id"] for tag in group["tag"]]) for group in groups] == [
        ("等级", ["etA1", "etA2"]),
        ("尺码", ["etB1"]),
    ]
    [named] = corp.post(path, tag_id=["etA2"])["tag_group"]
    assert [(tag["id"], tag["deleted"]) for tag in named["tag"]] == [("etA2", False)]
    both = corp.post(path, tag_id=["etA2"], group_id=["etG2"])["tag_group"]
    assert [group["group_id"] for group in both] == ["etG2"], "tag_id is ignored beside group_id"


def test_mark_tag_shows_in_get_and_batch_and_needs_the_relation_zw_84061(corp: Caller) -> None:
    pair = {"userid": "guide01", "external_userid": "wmAAA1"}
    assert corp.post(f"{CONTACT}/mark_tag", **pair, add_tag=["etA2"], remove_tag=["etA1"])["errcode"] == 0
    follow = corp.get(f"{CONTACT}/get", external_userid="wmAAA1")["follow_user"][0]
    assert [tag["tag_id"] for tag in follow["tags"]] == ["etA2"]
    [row] = corp.post(f"{CONTACT}/batch/get_by_user", userid_list=["guide01"], limit=1)[
        "external_contact_list"
    ]
    assert row["follow_info"]["tag_id"] == ["etA2"]
    stranger = {"userid": "guide02", "external_userid": "wmAAA2"}
    assert corp.post(f"{CONTACT}/mark_tag", **stranger, add_tag=["etA2"])["errcode"] == 84061
    assert corp.post(f"{CONTACT}/mark_tag", **pair)["errcode"] == 40058


# -- groups ------------------------------------------------------------------------------------------------------------


def test_groups_by_status_and_owner_without_the_dissolved_zw(corp: Caller) -> None:
    path = f"{CONTACT}/groupchat/list"
    everything = corp.read(path, "group_chat_list", limit=1)
    assert everything == [
        {"chat_id": "wrG1", "status": 0},
        {"chat_id": "wrG2", "status": 1},
        {"chat_id": "wrG4", "status": 0},
    ]
    left = corp.read(path, "group_chat_list", limit=10, status_filter=1)
    assert [row["chat_id"] for row in left] == ["wrG2"]
    owned = corp.read(path, "group_chat_list", limit=10, owner_filter={"userid_list": ["guide02"]})
    assert [row["chat_id"] for row in owned] == ["wrG4"]
    assert corp.post(path)["errcode"] == 40058, "limit is required"
    assert corp.post(path, limit=1001)["errcode"] == 40058


def test_a_group_shows_its_present_members_wxj(corp: Caller) -> None:
    group = corp.post(f"{CONTACT}/groupchat/get", chat_id="wrG1", need_name=1)["group_chat"]
    assert (group["name"], group["owner"]) == ("会员群", "guide01")
    assert [(row["userid"], row["type"], row["join_scene"]) for row in group["member_list"]] == [
        ("guide01", 1, 1),
        ("wmAAA1", 2, 1),
        ("wmAAA2", 2, 3),
    ]
    lin = group["member_list"][1]
    assert (lin["join_time"], lin["unionid"], lin["invitor"], lin["name"]) == (
        1765000000,
        "oUN1",
        {"userid": "guide01"},
        "Lin",
    )
    assert group["member_list"][2]["state"] == "poster7"
    nameless = corp.post(f"{CONTACT}/groupchat/get", chat_id="wrG1")["group_chat"]
    assert not any("name" in row for row in nameless["member_list"])


# -- statistics --------------------------------------------------------------------------------------------------------

FEBRUARY_27 = 1772121600  # 2026-02-27 00:00 +0800


def test_behaviour_gives_the_contracts_fields_per_day_wd_96358(corp: Caller) -> None:
    reply = corp.post(
        f"{CONTACT}/get_user_behavior_data",
        userid=["guide01"],
        start_time=FEBRUARY_27 + 3600,  # floored to midnight
        end_time=FEBRUARY_27 + 86400,
    )
    first, second = reply["behavior_data"]
    assert first == {
        "stat_time": FEBRUARY_27,
        "chat_cnt": 12,
        "message_cnt": 80,
        "reply_percentage": 91.5,
        "avg_reply_time": 3,
        "negative_feedback_cnt": 1,
        "new_apply_cnt": 4,
        "new_contact_cnt": 2,
    }
    assert second["stat_time"] == FEBRUARY_27 + 86400


def test_several_userids_are_summed_into_one_series_wd_96358(corp: Caller) -> None:
    ask = {"start_time": FEBRUARY_27, "end_time": FEBRUARY_27}
    [row] = corp.post(f"{CONTACT}/get_user_behavior_data", userid=["guide01", "guide02"], **ask)[
        "behavior_data"
    ]
    assert (row["chat_cnt"], row["message_cnt"]) == (16, 100)
    assert row["reply_percentage"] == pytest.approx((12 * 91.5 + 4 * 100) / 16)
    [by_party] = corp.post(f"{CONTACT}/get_user_behavior_data", partyid=[1], **ask)["behavior_data"]
    assert by_party == row


def test_yesterdays_behaviour_is_zero_before_eight_in_the_morning_cm(sandbox: Running, corp: Caller) -> None:
    ask = {"userid": ["guide01"], "start_time": FEBRUARY_27 + 86400, "end_time": FEBRUARY_27 + 86400}
    sandbox.clock(at="2026-03-01T02:30:00+08:00")
    [row] = corp.post(f"{CONTACT}/get_user_behavior_data", **ask)["behavior_data"]
    assert (row["chat_cnt"], row["message_cnt"], "reply_percentage" in row) == (0, 0, False)
    sandbox.clock(at="2026-03-01T08:00:00+08:00")
    [row] = corp.post(f"{CONTACT}/get_user_behavior_data", **ask)["behavior_data"]
    assert (row["chat_cnt"], row["reply_percentage"]) == (6, 50.0)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (FEBRUARY_27 * 1000, FEBRUARY_27 * 1000),  # ms → 600018
        (FEBRUARY_27, FEBRUARY_27 - 86400),
        (FEBRUARY_27 - 30 * 86400, FEBRUARY_27),  # 31 days
        (FEBRUARY_27 - 181 * 86400, FEBRUARY_27 - 181 * 86400),
    ],
)
def test_a_wrong_behaviour_window_is_600018_cm(corp: Caller, start: int, end: int) -> None:
    reply = corp.post(f"{CONTACT}/get_user_behavior_data", userid=["guide01"], start_time=start, end_time=end)
    assert reply["errcode"] == 600018


def test_group_statistics_by_owner_page_by_offset_zw_wd_93476(corp: Caller) -> None:
    path = f"{CONTACT}/groupchat/statistic"
    ask = {"day_begin_time": FEBRUARY_27, "day_end_time": FEBRUARY_27 + 86400, "limit": 1, "order_by": 2}
    first = corp.post(path, **ask)
    second = corp.post(path, **ask, offset=first["next_offset"])
    assert (first["total"], first["next_offset"], second["next_offset"]) == (2, 1, 2)
    data = {item["owner"]: item["data"] for item in first["items"] + second["items"]}
    assert data["guide02"] == {
        "new_chat_cnt": 0,
        "chat_total": 1,
        "chat_has_msg": 2,
        "new_member_cnt": 2,
        "member_total": 40,
        "member_has_msg": 8,
        "msg_total": 14,
    }


def test_group_statistics_by_day_default_to_one_day_and_exclude_today_zw(corp: Caller) -> None:
    path = f"{CONTACT}/groupchat/statistic_group_by_day"
    [item] = corp.post(path, day_begin_time=FEBRUARY_27)["items"]
    assert (item["stat_time"], item["data"]["member_total"], item["data"]["msg_total"]) == (
        FEBRUARY_27,
        50,
        14,
    )
    assert corp.post(path, day_begin_time=FEBRUARY_27 + 2 * 86400)["errcode"] == 600018


# -- Moments -----------------------------------------------------------------------------------------------------------


def test_moments_of_a_window_with_time_as_text_or_number_wd_96352(corp: Caller) -> None:
    path, now = f"{CONTACT}/get_moment_list", int(AT.timestamp())
    listed = corp.read(path, "moment_list", start_time=now - 20 * 86400, end_time=now, limit=1)
    assert [
        (row["moment_id"], row.get("creator"), row["create_type"], row["visible_type"]) for row in listed
    ] == [
        ("mom1", None, 0, 1),
        ("mom2", "guide01", 1, 0),
    ]
    assert listed[0]["create_time"] == str(now - 10 * 86400)
    assert listed[1]["create_time"] == now - 9 * 86400
    assert corp.post(path, start_time=now - 31 * 86400, end_time=now)["errcode"] == 600018
    assert corp.post(path, start_time=now - 86400, end_time=now, limit=21)["errcode"] == 40058


def test_moment_task_reach_and_reactions_as_of_now_zw_wd_93333(corp: Caller) -> None:
    one = {"moment_id": "mom1", "userid": "guide01"}
    assert corp.post(f"{CONTACT}/get_moment_task", moment_id="mom1")["task_list"] == [
        {"userid": "guide01", "publish_status": 1},
        {"userid": "guide02", "publish_status": 0},
    ]
    assert corp.post(f"{CONTACT}/get_moment_task", moment_id="mom2")["errcode"] == 40058, (
        "corp-published only"
    )
    chosen = corp.read(f"{CONTACT}/get_moment_customer_list", "customer_list", **one, limit=1)
    assert chosen == [{"userid": "guide01", "external_userid": f"wmAAA{n}"} for n in (1, 2, 3)]
    reached = corp.read(f"{CONTACT}/get_moment_send_result", "customer_list", **one, limit=1)
    assert reached == [{"external_userid": "wmAAA1"}, {"external_userid": "wmAAA3"}]
    reactions = corp.post(f"{CONTACT}/get_moment_comments", **one)
    liked = int((AT - timedelta(days=9)).timestamp())
    assert reactions["like_list"] == [{"external_userid": "wmAAA1", "create_time": liked}]
    assert reactions["comment_list"] == [], "tomorrow's comment does not exist yet"


# -- mass messages -----------------------------------------------------------------------------------------------------


def test_mass_messages_of_a_month_by_chat_type_wd_96355(corp: Caller) -> None:
    path, now = f"{CONTACT}/get_groupmsg_list_v2", int(AT.timestamp())
    window = {"start_time": now - 31 * 86400, "end_time": now}
    listed = corp.read(path, "group_msg_list", chat_type="single", **window, limit=1)
    assert [(row["msgid"], row.get("creator"), row["create_time"]) for row in listed] == [
        ("msg1", "boss01", now - 6 * 86400),
        ("msg2", None, str(now - 30)),
    ]
    grouped = corp.read(path, "group_msg_list", chat_type="group", **window)
    assert [row["msgid"] for row in grouped] == ["msg3"]
    assert corp.post(path, chat_type="single", start_time=now - 32 * 86400, end_time=now)["errcode"] == 600018
    assert corp.post(path, chat_type="single", **window, limit=101)["errcode"] == 40058


def test_mass_message_tasks_and_results_zw_wd_93338(corp: Caller) -> None:
    assert corp.post(f"{CONTACT}/get_groupmsg_task", msgid="msg1")["task_list"] == [
        {"userid": "guide01", "status": 2, "send_time": 1771900000},
        {"userid": "guide02", "status": 0},
    ]
    results = corp.read(
        f"{CONTACT}/get_groupmsg_send_result", "send_list", msgid="msg1", userid="guide01", limit=1
    )
    assert results == [
        {"external_userid": "wmAAA1", "userid": "guide01", "status": 1, "send_time": 1771900060},
        {"external_userid": "wmAAA2", "userid": "guide01", "status": 2},
    ]
    [unconfirmed] = corp.read(
        f"{CONTACT}/get_groupmsg_send_result", "send_list", msgid="msg1", userid="guide02"
    )
    assert unconfirmed["status"] == 0
    [group] = corp.read(f"{CONTACT}/get_groupmsg_send_result", "send_list", msgid="msg3", userid="guide01")
    assert (group["chat_id"], "external_userid" in group) == ("wrG1", False)


def test_right_after_its_creation_a_mass_message_is_41063_xw(sandbox: Running, corp: Caller) -> None:
    ask = {"msgid": "msg2", "userid": "guide01"}
    assert corp.post(f"{CONTACT}/get_groupmsg_send_result", **ask)["errcode"] == 41063
    sandbox.clock(advance_seconds=120)
    assert corp.post(f"{CONTACT}/get_groupmsg_send_result", **ask)["errcode"] == 0


def test_a_message_made_through_the_api_is_a_task_that_staff_confirm_wd_92698(
    sandbox: Running, corp: Caller
) -> None:
    made = corp.post(
        f"{CONTACT}/add_msg_template",
        chat_type="single",
        external_userid=["wmAAA1", "wmSTRANGER"],
        sender="guide01",
        text={"content": "你好"},
    )
    assert made["fail_list"] == ["wmSTRANGER"]
    one = {"msgid": made["msgid"], "userid": "guide01"}
    assert corp.post(f"{CONTACT}/get_groupmsg_task", msgid=made["msgid"])["errcode"] == 41063
    sandbox.clock(advance_seconds=300)
    assert corp.post(f"{CONTACT}/get_groupmsg_send_result", **one)["send_list"] == [
        {"external_userid": "wmAAA1", "userid": "guide01", "status": 0}
    ]
    sandbox.clock(advance_seconds=3300)
    [sent] = corp.post(f"{CONTACT}/get_groupmsg_send_result", **one)["send_list"]
    assert (sent["status"], sent["send_time"]) == (1, int(AT.timestamp()) + 3600)


def test_a_customers_fifth_message_in_a_month_fails_wxj(corp: Caller) -> None:
    ask = {
        "chat_type": "single",
        "external_userid": ["wmAAA1"],
        "sender": "guide01",
        "text": {"content": "x"},
    }
    failed = [corp.post(f"{CONTACT}/add_msg_template", **ask)["fail_list"] for _ in range(5)]
    assert failed == [[], [], [], [], ["wmAAA1"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"chat_type": "single", "text": {"content": "x"}},  # neither receivers nor sender
        {"chat_type": "group", "text": {"content": "x"}},  # sender is required for groups
        {"chat_type": "single", "sender": "guide01"},  # nothing to send
        {"chat_type": "single", "sender": "guide01", "text": {"content": "字" * 1334}},  # above 4000 bytes
        {"chat_type": "single", "sender": "guide01", "attachments": [{"msgtype": "link"}] * 10},
    ],
)
def test_a_message_outside_the_limits_is_40058_wd_92698(corp: Caller, wrong: dict[str, object]) -> None:
    assert corp.post(f"{CONTACT}/add_msg_template", **wrong)["errcode"] == 40058


# -- payments ----------------------------------------------------------------------------------------------------------


def test_bills_in_fen_with_refunds_as_of_now_and_no_cursor_at_the_end_wd_93727(corp: Caller) -> None:
    path = "/cgi-bin/externalpay/get_bill_list"
    window = {"begin_time": 1770900000, "end_time": 1772334000}
    first = corp.post(path, **window, limit=1)
    second = corp.post(path, **window, limit=1, cursor=first["next_cursor"])
    assert "next_cursor" not in second
    [bill] = first["bill_list"]
    assert (bill["total_fee"], bill["trade_state"], bill["total_refund_fee"]) == (19900, 3, 900)
    assert [(refund["refund_status"], refund["refund_fee"]) for refund in bill["refund_list"]] == [
        (2, 900),
        (1, 100),
    ]
    assert bill["commodity_list"] == [{"description": "跑鞋", "amount": 2}]
    assert (bill["pay_time"], bill["payee_userid"], bill["external_userid"]) == (
        1771000000,
        "guide01",
        "wmAAA1",
    )
    assert [(row["remark"], row["payment_type"]) for row in second["bill_list"]] == [("R7", 1)]
    assert corp.post(path, begin_time=1770900000, end_time=1770900000 + 32 * 86400)["errcode"] == 600018


def test_an_app_outside_the_callable_list_may_not_see_payments_wd_93727(sandbox: Running) -> None:
    narrow = Caller(sandbox, "narrow")
    assert narrow.post("/cgi-bin/externalpay/get_bill_list", begin_time=1771000000, end_time=1771000001)[
        "errcode"
    ] == (48002)


def test_fund_flow_of_a_day_appears_the_next_day_after_eleven_wd_98100(
    sandbox: Running, corp: Caller
) -> None:
    path = "/cgi-bin/externalpay/get_fund_flow"
    window = {"begin_time": int((AT - timedelta(days=7)).timestamp()), "end_time": int(AT.timestamp())}
    sandbox.clock(at="2026-03-01T10:59:59+08:00")
    assert [row["transaction_amount"] for row in corp.read(path, "fund_flow_list", **window)] == [5000]
    sandbox.clock(at="2026-03-01T11:00:00+08:00")
    rows = corp.read(path, "fund_flow_list", **window, limit=1)
    assert [(row["transaction_amount"], row["account_balance"], row["out_trade_no"]) for row in rows] == [
        (5000, 5000, "T2"),
        (900, 4100, "T1"),
    ]
    assert corp.post(path, **window, limit=201)["errcode"] == 40058
    november_2022 = int(datetime(2022, 11, 30, tzinfo=UTC).timestamp())
    assert corp.post(path, begin_time=november_2022, end_time=november_2022 + 86400)["errcode"] == 600018


# -- acquisition links and transfers -----------------------------------------------------------------------------------


def test_acquisition_links_and_their_customers_zw_wd_97298(sandbox: Running, corp: Caller) -> None:
    prefix = f"{CONTACT}/customer_acquisition"
    assert corp.read(f"{prefix}/list_link", "link_id_list") == ["cawL1"]
    link = corp.post(f"{prefix}/get", link_id="cawL1")
    assert (link["link"]["create_time"], link["range"]["user_list"]) == (1760000000, ["guide01"])
    assert corp.read(f"{prefix}/customer", "customer_list", link_id="cawL1") == [
        {"external_userid": "wmAAA2", "userid": "guide01", "chat_status": 1, "state": "c1"}
    ]
    assert corp.get(f"{CONTACT}/customer_acquisition_quota")["total"] == 1
    ask = {"link_id": "cawL1", "start_time": FEBRUARY_27 - 20 * 86400, "end_time": FEBRUARY_27}
    assert corp.post(f"{prefix}/statistic", **ask)["errcode"] == 48002
    counts = Caller(sandbox, "provider").post(f"{prefix}/statistic", **ask)
    assert (counts["click_link_customer_cnt"], counts["new_customer_cnt"]) == (30, 4)


def test_transfers_tell_done_waiting_and_refused_wxj(corp: Caller) -> None:
    rows = corp.read(
        f"{CONTACT}/transfer_result", "customer", handover_userid="guide01", takeover_userid="guide02"
    )
    assert [(row["external_userid"], row["status"]) for row in rows] == [
        ("wmAAA1", 1),
        ("wmAAA2", 2),
        ("wmAAA3", 3),
    ]
    assert rows[1]["takeover_time"] == int((AT + timedelta(hours=22)).timestamp()), (
        "in the future while waiting"
    )


def test_a_transfer_asked_for_takes_effect_after_a_day_and_is_judged_per_customer_xw(corp: Caller) -> None:
    pair = {"handover_userid": "guide01", "takeover_userid": "boss01"}
    reply = corp.post(f"{CONTACT}/transfer_customer", **pair, external_userid=["wmAAA3", "wmAAA4"])
    assert [row["errcode"] for row in reply["customer"]] == [0, 40131]
    again = corp.post(f"{CONTACT}/transfer_customer", **pair, external_userid=["wmAAA3"])
    assert [row["errcode"] for row in again["customer"]] == [40100]
    [waiting] = corp.read(f"{CONTACT}/transfer_result", "customer", **pair)
    assert (waiting["status"], waiting["takeover_time"]) == (2, int(AT.timestamp()) + 86400)
    same = {"handover_userid": "guide01", "takeover_userid": "guide01"}
    assert corp.post(f"{CONTACT}/transfer_customer", **same, external_userid=["wmAAA3"])["errcode"] == 40130
    resigned = corp.post(f"{CONTACT}/resigned/transfer_customer", **pair, external_userid=["wmAAA3"])
    assert resigned["errcode"] == 40097, "guide01 has not left"


def test_customers_of_who_left_are_unassigned_zw(corp: Caller) -> None:
    reply = corp.post(f"{CONTACT}/get_unassigned_list", page_size=1000)
    assert reply["is_last"] is True
    assert reply["info"] == [
        {
            "handover_userid": "left01",
            "external_userid": "wmAAA4",
            "dimission_time": int(datetime(2026, 2, 9, 16, tzinfo=UTC).timestamp()),
        }
    ]
    assert corp.post(f"{CONTACT}/get_unassigned_list", page_id=1)["info"] == []
