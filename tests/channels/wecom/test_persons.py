"""Staff, contacts, tags and groups from examples composed of the contract; each test names its line."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.errors import UsageError
from siyu.settings import Home
from tests.channels.api.platform import Asked, running
from tests.channels.wecom.corp import (
    BATCH,
    CGI,
    CONTACT,
    CORP,
    FRIEND,
    GROUP_LIST,
    GUIDES,
    SECRET,
    Corp,
    account,
    extract,
    friend,
    friends_of_guide01,
    landed,
    paged,
    refused,
    token_of,
    utc,
)


def test_the_sample_lands_with_its_phone_and_its_tag(home: Home) -> None:
    """Contacts: Sample (batch)."""
    with running(Corp(friends_of_guide01([FRIEND]))) as platform:
        extract(home, platform.url, "contacts")
    columns = (
        "account_id, userid, external_userid_token, unionid_token, contact_type, added_at, add_way, state"
    )
    person = token_of(home, "external_userid", "wmAAA1")
    union = token_of(home, "unionid", "oUN1")
    added = utc(2024, 6, 10, 6, 13, 20)  # date -u -d @1718000000
    assert landed(home, "contacts", columns) == [(CORP, "guide01", person, union, 1, added, 1, "store12")]
    assert landed(home, "contact_phones", "userid, external_userid_token, phone_token") == [
        ("guide01", person, token_of(home, "phone", "13800000001"))
    ]
    assert landed(home, "contact_tags", "userid, external_userid_token, tag_id") == [
        ("guide01", person, "etA1")
    ]


def test_names_and_remarks_are_nowhere_on_the_disk(home: Home) -> None:
    with running(Corp(friends_of_guide01([FRIEND]))) as platform:
        extract(home, platform.url, "contacts")
    files = [path for path in home.root.rglob("*") if path.is_file()]
    content = str([duckdb.read_parquet(str(path)).fetchall() for path in files if path.suffix == ".parquet"])
    content += str([path.read_bytes() for path in files])
    for clear in ("Lin", "wx.example", "wmAAA1", "oUN1", "13800000001", SECRET, "token-1"):
        assert clear not in content


def test_contacts_are_asked_for_guide_by_guide_a_hundred_at_a_time(home: Home) -> None:
    """Contacts: POST batch/get_by_user {userid_list, cursor, limit} limit max 100; next_cursor "" = end."""
    corp = Corp(friends_of_guide01([friend(number) for number in range(101)]))
    with running(corp) as platform:
        extract(home, platform.url, "contacts")
    assert [one.body for one in platform.asked if one.path == BATCH] == [
        {"userid_list": ["guide01"], "cursor": "", "limit": 100},
        {"userid_list": ["guide01"], "cursor": "c100", "limit": 100},
    ]


def test_a_guide_without_customers_or_who_just_left_costs_nobody_elses_contacts(home: Home) -> None:
    """Contacts: zero customers: accept both 84061 and empty; errors: 60111 left corp → skip."""

    def reply(asked: Asked) -> Any:
        of = {"left": refused(60111), "none": refused(84061), "empty": {"external_contact_list": []}}
        (guide,) = asked.body["userid_list"]
        return of.get(guide) or {"external_contact_list": [friend(1, guide)], "next_cursor": ""}

    guides = {"follow_user": ["left", "none", "empty", "guide01", "guide02"]}
    with running(Corp({GUIDES: guides, BATCH: reply})) as platform:
        record = extract(home, platform.url, "contacts")
    assert [guide for (guide,) in landed(home, "contacts", "userid")] == ["guide01", "guide02"]
    assert record.extraction is not None
    assert record.extraction.skipped == 2


def test_a_tag_knows_its_group(home: Home) -> None:
    """Corp tags: tag_group[]: group_id, group_name, create_time, order, tag[]{id, name, create_time, order}."""
    tags = [{"id": f"et{n}", "name": f"tag {n}", "create_time": 1718000000, "order": n} for n in (1, 2)]
    group = {"group_id": "gr1", "group_name": "Size", "create_time": 1718000000, "order": 1, "tag": tags}
    with running(Corp({f"{CONTACT}/get_corp_tag_list": {"tag_group": [group]}})) as platform:
        extract(home, platform.url, "tags")
    assert landed(home, "tags", "tag_group_id, tag_id, tag_name") == [
        ("gr1", "et1", "tag 1"),
        ("gr1", "et2", "tag 2"),
    ]
    assert landed(home, "tag_groups", "tag_group_id, tag_group_name") == [("gr1", "Size")]


def test_a_unionid_is_a_customer_or_not_yet_one(home: Home, tmp_path: Path) -> None:
    """ID mapping: {unionid, openid, subject_type 0 corp} → external_userid, or pending_id (WD-97108)."""
    path, file = f"{CGI}/idconvert/unionid_to_external_userid", tmp_path / "unionids.csv"
    file.write_text("unionid,openid\noUN1,oMINI1\noUN2,oMINI2\n")

    def reply(asked: Asked) -> Any:
        return {"external_userid": "wmAAA1"} if asked.body["unionid"] == "oUN1" else {"pending_id": "p2"}

    with running(Corp({path: reply})) as platform:
        one = account(platform.url, unionids_file=file)
        extract(home, platform.url, "unionid_links", account=one)
    assert {"unionid": "oUN1", "openid": "oMINI1", "subject_type": 0} in [
        call.body for call in platform.asked
    ]
    expected = {
        (token_of(home, "unionid", "oUN1"), token_of(home, "external_userid", "wmAAA1")),
        (token_of(home, "unionid", "oUN2"), None),
    }
    assert set(landed(home, "unionid_links", "unionid_token, external_userid_token")) == expected


def test_a_file_without_a_column_is_refused_without_its_content(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "unionids.csv"
    file.write_text("unionid\noUN1\n")
    with running(Corp({})) as platform, pytest.raises(UsageError, match="columns unionid, openid") as error:
        extract(home, platform.url, "unionid_links", account=account(platform.url, unionids_file=file))
    assert "oUN1" not in str(error.value)


def test_staff_are_read_department_by_department_and_land_once(home: Home) -> None:
    """Staff: department/list (WD-90344); user/list department_id, fetch_child, department[] (WD-90337)."""
    person = {
        "userid": "guide01",
        "name": "王小明",
        "mobile": "13900000001",
        "gender": "2",
        "department": [1, 2],
        "main_department": 2,
        "status": 1,
    }
    departments = [
        {"id": 1, "name": "HQ", "parentid": 0, "order": 1},
        {"id": 2, "name": "S1", "parentid": 1, "order": 2},
    ]
    replies = {
        f"{CGI}/department/list": {"department": departments},
        f"{CGI}/user/list": {"userlist": [person]},
    }
    with running(Corp(replies)) as platform:
        extract(home, platform.url, "departments")
        extract(home, platform.url, "staff")
    asked = [one.query for one in platform.asked if one.path == f"{CGI}/user/list"]
    assert sorted((one["department_id"], one["fetch_child"]) for one in asked) == [("1", "0"), ("2", "0")]
    assert landed(home, "departments", "department_id, parent_department_id") == [("1", "0"), ("2", "1")]
    phone = token_of(home, "phone", "13900000001")
    assert landed(home, "staff", "userid, phone_token, main_department_id, staff_status") == [
        ("guide01", phone, "2", 1)
    ]
    assert landed(home, "staff_departments", "userid, department_id") == [("guide01", "1"), ("guide01", "2")]


GROUP = f"{CONTACT}/groupchat/get"


def group(chat_id: str) -> dict[str, Any]:
    """Group chats: groupchat/get."""
    members = [
        {"userid": "guide01", "type": 1, "join_time": 1718000000, "join_scene": 1},
        {
            "userid": "wmAAA1",
            "type": 2,
            "unionid": "oUN1",
            "join_time": 1718000001,
            "join_scene": 3,
            "state": "poster7",
            "invitor": {"userid": "guide01"},
            "group_nickname": "小林",
            "name": "Lin",
        },
    ]
    return {
        "group_chat": {
            "chat_id": chat_id,
            "name": "VIP",
            "owner": "guide01",
            "create_time": 1718000000,
            "notice": "call 13800000001",
            "member_version": "v1",
            "admin_list": [{"userid": "guide01"}],
            "member_list": members,
        }
    }


def test_a_group_lands_with_its_members(home: Home) -> None:
    replies = {
        GROUP_LIST: paged([{"chat_id": "wrG1", "status": 0}], "group_chat_list"),
        GROUP: lambda asked: group(asked.body["chat_id"]),
    }
    with running(Corp(replies)) as platform:
        extract(home, platform.url, "groups")
        extract(home, platform.url, "group_states")
    assert {"chat_id": "wrG1", "need_name": 0} in [one.body for one in platform.asked]
    assert landed(home, "groups", "chat_id, owner_userid") == [("wrG1", "guide01")]
    assert landed(home, "group_states", "chat_id, group_status") == [("wrG1", 0)]
    columns = "chat_id, member_token, member_type, join_scene, inviter_userid, state"
    assert set(landed(home, "group_members", columns)) == {
        ("wrG1", token_of(home, "external_userid", "guide01"), 1, 1, None, None),
        ("wrG1", token_of(home, "external_userid", "wmAAA1"), 2, 3, "guide01", "poster7"),
    }


def test_more_owners_than_one_request_may_mean_are_asked_for_by_the_hundred(home: Home) -> None:
    """Errors: 81017 (range >1000 staff without owner_filter): split by owner_filter; userid_list ≤100."""
    owners = [f"guide{number:04d}" for number in range(1001)]

    def reply(asked: Asked) -> Any:
        named = asked.body.get("owner_filter", {}).get("userid_list", [])
        assert len(named) <= 100
        return (
            {"group_chat_list": [{"chat_id": f"wr{one}", "status": 0} for one in named]}
            if named
            else refused(81017)
        )

    with running(Corp({GUIDES: {"follow_user": owners}, GROUP_LIST: reply})) as platform:
        extract(home, platform.url, "group_states")
    assert len(landed(home, "group_states", "chat_id")) == 1001
