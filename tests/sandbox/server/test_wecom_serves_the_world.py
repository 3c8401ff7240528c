"""What WeCom tells, read to the end, is what a generated world holds as of the clock: no row lost, none doubled."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from siyu.sandbox.world.generate import generate_world
from tests.sandbox.server.conftest import Running, running

AT = datetime(2026, 2, 20, 4, 0, tzinfo=UTC)  # noon in China
NOW = int(AT.timestamp())
DAY = 86400
CONTACT = "/cgi-bin/externalcontact"

Read = Callable[..., list[Any]]
Call = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate_world(folder, size="500", seed=3, first=date(2025, 12, 1), last=date(2026, 2, 28))
    return folder


@pytest.fixture(scope="module")
def sandbox(folder: Path) -> Iterator[Running]:
    with running(folder, at=AT) as server:
        yield server


@pytest.fixture(scope="module")
def call(sandbox: Running) -> Iterator[Call]:
    app = sandbox.app("wecom")
    with httpx.Client(base_url=f"{sandbox.base}/wecom", trust_env=False) as client:
        query = {"corpid": app.app_id, "corpsecret": app.secret}
        token = client.get("/cgi-bin/gettoken", params=query).json()["access_token"]

        def call(path: str, method: str = "POST", **given: Any) -> dict[str, Any]:
            if method == "GET":
                reply = client.get(path, params={"access_token": token, **given}).json()
            else:
                reply = client.post(path, params={"access_token": token}, json=given).json()
            assert reply["errcode"] == 0, (path, reply)
            return dict(reply)

        yield call


@pytest.fixture
def read(call: Call) -> Read:
    def read(path: str, rows: str, **given: Any) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        while True:
            reply = call(path, **given, cursor=cursor)
            found += reply[rows]
            cursor = reply.get("next_cursor", "")
            if not cursor:
                return found

    return read


@pytest.fixture
def truth(folder: Path) -> Read:
    """Rows of a query over the world's files; `$now` stands for the clock, UTC without a zone."""

    def rows(sql: str) -> list[Any]:
        with duckdb.connect() as connection:
            for file in folder.glob("*.parquet"):
                connection.read_parquet(str(file)).create_view(file.stem)
            return connection.execute(sql.replace("$now", "timestamp '2026-02-20 04:00:00'")).fetchall()

    return rows


@pytest.fixture(scope="module")
def guides(call: Call) -> list[str]:
    return list(call(f"{CONTACT}/get_follow_user_list", "GET")["follow_user"])


def test_every_friendship_of_the_world_is_told_once(read: Read, truth: Read, guides: list[str]) -> None:
    told = [
        (
            row["external_contact"]["external_userid"],
            row["follow_info"]["userid"],
            row["follow_info"]["createtime"],
        )
        for start in range(0, len(guides), 100)
        for row in read(
            f"{CONTACT}/batch/get_by_user",
            "external_contact_list",
            userid_list=guides[start : start + 100],
            limit=20,
        )
    ]
    held = truth(
        """
        select wecom_external_userid, wecom_userid, epoch(max(started_at))::bigint
        from contacts
        join accounts using (account_id)
        join staff using (staff_id)
        where started_at <= $now and (ended_at is null or ended_at > $now or ended_by = 'customer')
            and (left_on is null or left_on > date '2026-02-20')
        group by all
        """
    )
    assert len(held) > 50
    assert sorted(told) == sorted(held)


def test_every_group_has_the_members_it_has(read: Read, call: Call, truth: Read) -> None:
    told = [
        (chat["chat_id"], member["userid"])
        for chat in read(f"{CONTACT}/groupchat/list", "group_chat_list", limit=2)
        for member in call(f"{CONTACT}/groupchat/get", chat_id=chat["chat_id"])["group_chat"]["member_list"]
    ]
    held = truth(
        """
        select wecom_chat_id, coalesce(wecom_userid, wecom_external_userid)
        from group_members
        join groups using (group_id)
        left join staff using (staff_id)
        left join accounts using (account_id)
        where group_members.joined_at <= $now and coalesce(group_members.left_at > $now, true)
            and groups.created_at <= $now and coalesce(groups.dissolved_at > $now, true)
        """
    )
    assert len(held) > 5
    assert sorted(told) == sorted(held)


def test_every_message_of_the_last_weeks_tells_all_its_deliveries(read: Read, truth: Read) -> None:
    window = {"start_time": NOW - 30 * DAY, "end_time": NOW}
    told = [
        (message["msgid"], row.get("external_userid") or row["chat_id"], row["userid"], row["status"])
        for chat_type in ("single", "group")
        for message in read(
            f"{CONTACT}/get_groupmsg_list_v2", "group_msg_list", chat_type=chat_type, **window
        )
        for task in read(f"{CONTACT}/get_groupmsg_task", "task_list", msgid=message["msgid"], limit=3)
        for row in read(
            f"{CONTACT}/get_groupmsg_send_result",
            "send_list",
            msgid=message["msgid"],
            userid=task["userid"],
            limit=8,
        )
    ]
    held = truth(
        """
        select
            wecom_msgid,
            coalesce(wecom_external_userid, wecom_chat_id),
            wecom_userid,
            case
                when coalesce(tasks.sent_at > $now, true) then 0
                else list_position(['unsent', 'sent', 'not_friend', 'over_limit'], outcome) - 1
            end
        from mass_message_results as results
        join mass_messages as messages using (message_id)
        join staff on staff.staff_id = results.staff_id
        left join accounts on accounts.account_id = results.account_id
        left join groups on groups.group_id = results.group_id
        left join mass_message_tasks as tasks
            on tasks.message_id = results.message_id and tasks.staff_id = results.staff_id
        where messages.created_at between $now - interval 30 days and $now
        """
    )
    assert len(held) > 20
    assert sorted(told) == sorted(held)


def test_bills_and_refunds_add_up_to_the_fen(read: Read, truth: Read) -> None:
    bills = [
        bill
        for month in range(3)
        for bill in read(
            "/cgi-bin/externalpay/get_bill_list",
            "bill_list",
            begin_time=NOW - (month + 1) * 30 * DAY,
            end_time=NOW - month * 30 * DAY - 1,
            limit=2,
        )
    ]
    told = (
        len(bills),
        sum(bill["total_fee"] for bill in bills),
        sum(bill["total_refund_fee"] for bill in bills),
    )
    [held] = truth(
        """
        with window_bills as (select * from bills where paid_at >= $now - interval 90 days and paid_at < $now)
        select
            count(*),
            sum(amount_fen)::bigint,
            coalesce((
                select sum(bill_refunds.amount_fen) from bill_refunds
                join window_bills using (bill_id)
                where succeeded_at <= $now
            ), 0)::bigint
        from window_bills
        """
    )
    assert held[0] > 0
    assert told == held


def test_behaviour_of_each_guide_adds_up_to_the_worlds(call: Call, truth: Read, guides: list[str]) -> None:
    first = int(datetime(2026, 1, 31, 16, tzinfo=UTC).timestamp())  # 1 February in China
    series = [
        row
        for guide in guides
        for row in call(
            f"{CONTACT}/get_user_behavior_data", userid=[guide], start_time=first, end_time=first + 18 * DAY
        )["behavior_data"]
    ]
    assert len(series) == 19 * len(guides)
    told = tuple(sum(row[name] for row in series) for name in ("chat_cnt", "message_cnt", "new_contact_cnt"))
    [held] = truth(
        """
        select sum(chats)::bigint, sum(messages)::bigint, sum(new_contacts)::bigint
        from staff_days join staff using (staff_id)
        where stat_on between date '2026-02-01' and date '2026-02-19'
            and (left_on is null or left_on > date '2026-02-20')
        """
    )
    assert held[1] > 0
    assert told == held


def test_moments_reach_whom_the_world_says(read: Read, truth: Read, guides: list[str]) -> None:
    window = {"start_time": NOW - 30 * DAY, "end_time": NOW}
    moments = read(f"{CONTACT}/get_moment_list", "moment_list", **window)
    told = [
        (moment["moment_id"], guide, row["external_userid"])
        for moment in moments[:2]
        for guide in guides
        for row in read(
            f"{CONTACT}/get_moment_send_result", "customer_list", moment_id=moment["moment_id"], userid=guide
        )
    ]
    shown = {moment["moment_id"] for moment in moments[:2]}
    held = [
        row
        for row in truth(
            """
            select wecom_moment_id, wecom_userid, wecom_external_userid
            from moment_reach
            join moments using (moment_id)
            join staff using (staff_id)
            join accounts using (account_id)
            where visible_at <= $now
            """
        )
        if row[0] in shown and row[1] in guides
    ]
    assert len(held) > 0
    assert sorted(told) == sorted(held)


def test_every_customer_of_an_acquisition_link_is_told(read: Read, truth: Read) -> None:
    links = read(f"{CONTACT}/customer_acquisition/list_link", "link_id_list")
    told = [
        (link, row["external_userid"], row["userid"])
        for link in links
        for row in read(f"{CONTACT}/customer_acquisition/customer", "customer_list", link_id=link, limit=3)
    ]
    held = truth(
        """
        select wecom_link_id, wecom_external_userid, wecom_userid
        from contacts
        join acquisition_links as links using (link_id)
        join accounts using (account_id)
        join staff using (staff_id)
        where started_at <= $now and links.created_at <= $now
        """
    )
    assert sorted(told) == sorted(held)
    assert len(held) > 0
